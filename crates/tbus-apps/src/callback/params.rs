//! Parameters of a request, whether they came in a form, in JSON or behind the question mark.

use super::refusal::Refusal;

/// Most parameters of a request (chosen).
pub(crate) const COUNT_LIMIT: usize = 200;

/// Most bytes of a parameter's name (chosen).
pub(crate) const NAME_LIMIT: usize = 255;

/// Most bytes of a parameter's value, and of an item of a list (chosen). Info Mart keeps 255.
pub(crate) const VALUE_LIMIT: usize = 4096;

/// Most items of a list (chosen).
pub(crate) const LIST_LIMIT: usize = 1000;

/// Most bytes of names and values that a callback keeps (chosen): thousands of callbacks are kept.
pub(crate) const KEPT_LIMIT: usize = 16 << 10;

/// Whether parameters are small enough to be kept with a callback.
///
/// # Errors
/// `BAD_PARAMETER` when they are not.
pub(crate) fn check_size<'a>(params: impl Iterator<Item = &'a (String, String)>) -> Result<(), Refusal> {
    let bytes =
        params.fold(0_usize, |sum, (name, value)| sum.saturating_add(name.len()).saturating_add(value.len()));
    if bytes <= KEPT_LIMIT {
        return Ok(());
    }
    Err(Refusal::bad(format!("the parameters have {bytes} bytes together; a callback keeps {KEPT_LIMIT}")))
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text; JSON numbers and truth values are their own texts.
    Text(String),
    /// A JSON array of texts.
    List(Vec<String>),
}

/// Parameters, each once, in the order of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, Value)>);

impl Params {
    /// Parameters that are texts.
    ///
    /// # Errors
    /// As [`Params::push`].
    pub fn texts<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Refusal> {
        let mut params = Self::default();
        for (name, value) in pairs {
            params.push(name.to_owned(), Value::Text(value.to_owned()))?;
        }
        Ok(params)
    }

    /// Adds a parameter.
    ///
    /// # Errors
    /// `BAD_PARAMETER`: one of this name is there, there are too many, its name or its value is too long, empty where it
    /// may not be, or holds a control character.
    pub fn push(&mut self, name: String, value: Value) -> Result<(), Refusal> {
        if name.is_empty() {
            return Err(Refusal::bad("a parameter has no name"));
        }
        let shown = super::options::cut(&name);
        if name.len() > NAME_LIMIT {
            return Err(Refusal::bad(format!(
                "the name of parameter {shown} is over {NAME_LIMIT} bytes long"
            )));
        }
        if name.chars().any(char::is_control) {
            return Err(Refusal::bad(format!("the name of parameter {:?} holds a control character", shown)));
        }
        if self.0.iter().any(|(known, _)| *known == name) {
            return Err(Refusal::bad(format!("parameter {shown} is there twice")));
        }
        if self.0.len() >= COUNT_LIMIT {
            return Err(Refusal::bad(format!("there are more than {COUNT_LIMIT} parameters")));
        }
        let items = match &value {
            Value::Text(text) => std::slice::from_ref(text),
            Value::List(items) => items.as_slice(),
        };
        if items.len() > LIST_LIMIT {
            return Err(Refusal::bad(format!("parameter {shown} has more than {LIST_LIMIT} items")));
        }
        if items.iter().any(|text| text.len() > VALUE_LIMIT) {
            return Err(Refusal::bad(format!(
                "the value of parameter {shown} is over {VALUE_LIMIT} bytes long"
            )));
        }
        if items.iter().any(|text| text.contains('\0')) {
            return Err(Refusal::bad(format!("the value of parameter {shown} holds U+0000")));
        }
        self.0.push((name, value));
        Ok(())
    }

    /// Adds a text; one more of the same name makes a list of both.
    ///
    /// # Errors
    /// As [`Params::push`], but for a name that is there.
    pub(crate) fn push_repeated(&mut self, name: String, text: String) -> Result<(), Refusal> {
        let Some(at) = self.0.iter().position(|(known, _)| *known == name) else {
            return self.push(name, Value::Text(text));
        };
        // Taken out and put in again, so that every limit is looked at.
        let mut items = match self.0.remove(at).1 {
            Value::Text(first) => vec![first],
            Value::List(items) => items,
        };
        items.push(text);
        self.push(name, Value::List(items))
    }

    /// Adds all parameters of another part of the request.
    ///
    /// # Errors
    /// As [`Params::push`].
    pub(crate) fn join(&mut self, other: Self) -> Result<(), Refusal> {
        other.0.into_iter().try_for_each(|(name, value)| self.push(name, value))
    }

    /// The text of a parameter; `None` when it is not there.
    ///
    /// # Errors
    /// `BAD_PARAMETER` when it is a list.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.0.iter().find(|(known, _)| known == name) {
            None => Ok(None),
            Some((_, Value::Text(text))) => Ok(Some(text)),
            Some((_, Value::List(_))) => Err(is_list(name)),
        }
    }

    /// The items of a list; a text is one item.
    pub(crate) fn list(&self, name: &str) -> Option<&[String]> {
        match &self.0.iter().find(|(known, _)| known == name)?.1 {
            Value::Text(text) => Some(std::slice::from_ref(text)),
            Value::List(items) => Some(items),
        }
    }

    /// All of them as texts.
    ///
    /// # Errors
    /// `BAD_PARAMETER` when one is a list.
    pub(crate) fn into_texts(self) -> Result<Vec<(String, String)>, Refusal> {
        let text = |(name, value): (String, Value)| match value {
            Value::Text(text) => Ok((name, text)),
            Value::List(_) => Err(is_list(&name)),
        };
        self.0.into_iter().map(text).collect()
    }

    /// Refuses parameters with other names than these.
    ///
    /// # Errors
    /// `BAD_PARAMETER` with the first one.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), Refusal> {
        match self.0.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) => {
                let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                Err(Refusal::bad(format!(
                    "there is no parameter {}; this request takes {known}",
                    super::options::cut(name)
                )))
            }
        }
    }
}

fn is_list(name: &str) -> Refusal {
    Refusal::bad(format!("parameter {} is a list, expected one value", super::options::cut(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, value: Value) -> String {
        let mut params = Params::texts([("there", "1")]).unwrap();
        params.push(name.to_owned(), value).unwrap_err().to_string()
    }

    #[test]
    fn parameters_are_bounded_and_there_once() {
        let text = |text: &str| Value::Text(text.to_owned());
        let expected = "BAD_PARAMETER: parameter there is there twice";
        assert_eq!(refused("there", text("2")), expected);
        assert!(refused("", text("")).contains("no name"));
        assert!(refused(&"n".repeat(NAME_LIMIT + 1), text("")).contains("over 255 bytes"));
        assert!(refused("a\nb", text("")).contains("control character"));
        assert!(refused("a", text(&"v".repeat(VALUE_LIMIT + 1))).contains("over 4096 bytes"));
        assert!(refused("a", text("\0")).contains("U+0000"));
        assert!(refused("a", Value::List(vec![String::new(); LIST_LIMIT + 1])).contains("1000 items"));
        let mut full = Params::default();
        for number in 0..COUNT_LIMIT {
            full.push(number.to_string(), text("")).unwrap();
        }
        assert!(full.push("more".to_owned(), text("")).unwrap_err().message.contains("more than 200"));
    }
}
