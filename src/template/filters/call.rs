//! The functions `file` and `ref`.

use tera::{Kwargs, State, TeraResult, Value};

use super::super::guard::mentions_ref;
use super::super::rules;
use super::super::run::Run;
use super::super::site::SiteId;
use super::{pay, refuse};
use crate::diagnostic::Diagnostic;
use crate::object::{FOREIGN_TOKEN, ref_token};
use crate::secret::Tokens;
use crate::source::Span;

pub(super) fn register(tera: &mut tera::Tera) {
    tera.register_function("file", file);
    tera.register_function("ref", reference);
    tera.register_function("throw", throw);
}

/// The call's site and its place.
fn site(run: &mut Run, kwargs: &Kwargs) -> TeraResult<(SiteId, Span)> {
    let id = SiteId::read(kwargs.must_get::<u64>("__i")?);
    run.last = Some(id);
    let site = run.shared.site(id).ok_or_else(|| refuse("this call isn't known"))?;
    Ok((id, site.span))
}

/// `file("path")`: the text of a file; the path is relative to the template that writes the call.
fn file(kwargs: Kwargs, _: &State) -> TeraResult<Value> {
    let path = kwargs.must_get::<&str>("path")?;
    let text = Run::with(|run| {
        let (id, span) = site(run, &kwargs)?;
        if path.is_empty() && run.problems.has_errors() {
            // It stands in for what is wrong already.
            return Ok("".into());
        }
        let files = run.shared.files.clone();
        let read = files.resolve(path, span).and_then(|path| files.text(&path, Some(span)));
        let text = read.map(|file| files.map().get(file).text.clone());
        let problem = match text {
            Ok(text) if Tokens::mentioned(&text) || mentions_ref(&text) => {
                Diagnostic::new(&FOREIGN_TOKEN, format!("the file `{path}` holds what looks like a token of Plimsoll's"))
                    .at(span, "read here")
            }
            Ok(text) => return Ok(text),
            Err(problem) => problem,
        };
        run.problem(id, problem)?;
        Ok("".into())
    })?;
    pay(text.len())?;
    Ok(Value::from(&*text))
}

/// `throw("…")`: the template's own error.
fn throw(kwargs: Kwargs, _: &State) -> TeraResult<Value> {
    let message = kwargs.must_get::<&str>("message")?;
    Run::with(|run| {
        let (id, span) = site(run, &kwargs)?;
        if !(message.is_empty() && run.problems.has_errors()) {
            run.problem(id, Diagnostic::new(&rules::TEMPLATE_ERROR, message).at(span, "the template gives up here"))?;
        }
        Err(refuse("thrown"))
    })
}

/// `ref("configmap/x")`: the name that the object has in the end.
fn reference(kwargs: Kwargs, _: &State) -> TeraResult<String> {
    let to = kwargs.must_get::<&str>("to")?;
    let parts = to.split_once('/').filter(|(kind, name)| !kind.is_empty() && !name.is_empty() && !name.contains('/'));
    let Some((kind, name)) = parts else {
        return Err(refuse(format!(
            "`{to}` doesn't name an object\nwrite `ref(\"configmap/NAME\")`, `ref(\"secret/NAME\")` or another kind"
        )));
    };
    Ok(ref_token(kind, name))
}
