//! The door to randomness. Random bits make keys and tokens; they never reach an output or an order.
#![expect(clippy::disallowed_methods, reason = "this is the door to randomness")]

use zeroize::Zeroizing;

/// `N` bytes from the system's generator.
///
/// # Errors
/// What the system says if it has none; nothing can be sealed or rendered then.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// A name for one run of plimsoll, which no other has: 16 hexadecimal digits.
///
/// # Errors
/// As of `bytes`.
pub fn run_name() -> Result<String, getrandom::Error> {
    Ok(format!("{:016x}", u64::from_be_bytes(bytes()?)))
}

/// A password of 128 random bits, in hexadecimal digits: nothing that any program would have to quote.
///
/// # Errors
/// As of `bytes`.
pub fn password() -> Result<Zeroizing<String>, getrandom::Error> {
    let bits = Zeroizing::new(u128::from_be_bytes(bytes()?));
    Ok(Zeroizing::new(format!("{:032x}", *bits)))
}
