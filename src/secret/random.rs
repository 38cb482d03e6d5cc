//! The door to randomness. Random bits make keys and tokens; they never reach an output or an order.
#![expect(clippy::disallowed_methods, reason = "this is the door to randomness")]

/// `N` bytes from the system's generator.
///
/// # Errors
/// What the system says if it has none; nothing can be sealed or rendered then.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
