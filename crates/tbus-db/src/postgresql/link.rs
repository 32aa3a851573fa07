//! One connection, driven by the thread that uses it.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::Sleep;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{Client, Config, Connection, NoTls, Socket};

/// Why a call did not work.
#[derive(Debug)]
pub(super) enum Error {
    /// The connection was lost in an earlier call.
    Lost,
    /// The server did not answer in this time.
    Late(Duration),
    /// The operating system gives no event loop.
    Runtime(std::io::Error),
    /// The server, or the way to it, says no.
    Postgres(tokio_postgres::Error),
}

impl From<tokio_postgres::Error> for Error {
    fn from(cause: tokio_postgres::Error) -> Self {
        Self::Postgres(cause)
    }
}

/// A connection and the loop that moves its bytes, which runs inside each call and at no other time.
///
/// The `postgres` crate does the same; it is not used because its writer for COPY borrows the whole client, so that rows
/// could only be sent in one piece after all were there, and because its connect has no limit of time for a server that
/// accepts and then says nothing.
pub(super) struct Link {
    client: Client,
    connection: Connection<Socket, NoTlsStream>,
    runtime: Runtime,
    /// How long a call may take.
    patience: Duration,
    lost: bool,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("lost", &self.lost).finish_non_exhaustive()
    }
}

impl Link {
    /// Connects; `patience` is for everything until the server is ready, `answers` for each call after that.
    pub(super) fn open(config: &Config, patience: Duration, answers: Duration) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(Error::Runtime)?;
        let opened = runtime.block_on(async { tokio::time::timeout(patience, config.connect(NoTls)).await });
        match opened {
            Ok(Ok((client, connection))) => {
                Ok(Self { client, connection, runtime, patience: answers, lost: false })
            }
            Ok(Err(cause)) => Err(cause.into()),
            Err(_) => {
                // A name that is still being looked up must not hold this thread.
                runtime.shutdown_background();
                Err(Error::Late(patience))
            }
        }
    }

    /// What the server has reported of itself.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.connection.parameter(name)
    }

    /// Runs one call of the client to its end. When the server does not answer in time, the connection is lost.
    pub(super) fn run<'a, T, F>(&'a mut self, call: impl FnOnce(&'a Client) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, tokio_postgres::Error>>,
    {
        let patience = self.patience;
        self.run_within(patience, call)
    }

    /// The same with another patience.
    pub(super) fn run_within<'a, T, F>(
        &'a mut self,
        patience: Duration,
        call: impl FnOnce(&'a Client) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, tokio_postgres::Error>>,
    {
        let Self { client, connection, runtime, lost, .. } = self;
        wait(runtime, connection, lost, patience, call(client))
    }
}

fn wait<T>(
    runtime: &Runtime,
    connection: &mut Connection<Socket, NoTlsStream>,
    lost: &mut bool,
    patience: Duration,
    call: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Error> {
    if *lost {
        return Err(Error::Lost);
    }
    let mut call = pin!(call);
    // Most pieces of a COPY are handed over at once and need none.
    let mut late: Option<Pin<Box<Sleep>>> = None;
    runtime.block_on(poll_fn(|context| {
        if let Err(cause) = drive(connection, lost, context) {
            return Poll::Ready(Err(cause));
        }
        let done = call.as_mut().poll(context);
        // What the call has just handed over goes out now, not at the next call.
        if done.is_ready()
            && !*lost
            && let Err(cause) = drive(connection, lost, context)
        {
            return Poll::Ready(Err(cause));
        }
        if done.is_pending() {
            let late = late.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
            if late.as_mut().poll(context).is_ready() {
                *lost = true;
                return Poll::Ready(Err(Error::Late(patience)));
            }
        }
        done.map_err(Error::Postgres)
    }))
}

/// Moves what can be moved without waiting.
fn drive(
    connection: &mut Connection<Socket, NoTlsStream>,
    lost: &mut bool,
    context: &mut Context<'_>,
) -> Result<(), Error> {
    while !*lost {
        match connection.poll_message(context) {
            // Notices and notifications: nobody here asked for any.
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(Some(Err(cause))) => {
                *lost = true;
                return Err(cause.into());
            }
            Poll::Ready(None) => *lost = true,
            Poll::Pending => break,
        }
    }
    Ok(())
}
