//! Who is registered on one DN, in order of registration.

use smallvec::SmallVec;

use crate::ClientId;

/// No client has this id: slots end long before it.
const GAP: ClientId = ClientId(u32::MAX);

/// Clients in order of registration. Who leaves leaves a gap, so that nobody else has to move; when more than half of the
/// list is gaps, they are closed. So leaving costs the same on average, however many clients there are.
#[derive(Debug)]
pub(super) struct Listeners {
    /// Up to four without memory of their own: most DNs have no more.
    places: SmallVec<[ClientId; 4]>,
    gaps: u32,
    /// The one in ModePrivate, or [`GAP`].
    private: ClientId,
}

impl Listeners {
    /// Nobody.
    pub(super) fn new() -> Self {
        Self { places: SmallVec::new(), gaps: 0, private: GAP }
    }

    /// The one in ModePrivate: while it is there, nobody else gets events of the DN (facts 3.4).
    #[inline]
    pub(super) fn private(&self) -> Option<ClientId> {
        Some(self.private).filter(|client| *client != GAP)
    }

    /// Puts a client into ModePrivate.
    pub(super) fn seize(&mut self, client: ClientId) {
        self.private = client;
    }

    /// Ends the ModePrivate of a client, if it has it.
    pub(super) fn release(&mut self, client: ClientId) {
        if self.private == client {
            self.private = GAP;
        }
    }

    /// Appends a client and gives its place.
    pub(super) fn push(&mut self, client: ClientId) -> u32 {
        let place = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.push(client);
        place
    }

    /// Takes out the client that has this place.
    pub(super) fn remove(&mut self, place: u32) {
        let place = usize::try_from(place).ok().and_then(|place| self.places.get_mut(place));
        if let Some(place) = place.filter(|place| **place != GAP) {
            *place = GAP;
            self.gaps = self.gaps.saturating_add(1);
        }
    }

    /// Closes the gaps when they are more than half of the list; `moved` is told the new place of each client then.
    pub(super) fn tidy(&mut self, mut moved: impl FnMut(ClientId, u32)) {
        let gaps = usize::try_from(self.gaps).unwrap_or(usize::MAX);
        if gaps.saturating_mul(2) <= self.places.len() {
            return;
        }
        self.places.retain(|client| *client != GAP);
        self.places.shrink_to_fit();
        self.gaps = 0;
        for (place, client) in (0..).zip(&self.places) {
            moved(*client, place);
        }
    }

    /// How long the list is, gaps included.
    #[cfg(test)]
    pub(super) fn places(&self) -> usize {
        self.places.len()
    }

    /// Whether nobody is registered.
    pub(super) fn is_empty(&self) -> bool {
        usize::try_from(self.gaps).is_ok_and(|gaps| gaps == self.places.len())
    }

    /// All clients, if there are no gaps between them.
    #[inline]
    pub(super) fn as_slice(&self) -> Option<&[ClientId]> {
        (self.gaps == 0).then_some(self.places.as_slice())
    }

    /// All clients.
    pub(super) fn iter(&self) -> impl Iterator<Item = ClientId> {
        self.places.iter().copied().filter(|client| *client != GAP)
    }
}
