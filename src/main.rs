//! The `plimsoll` binary.

/// Many threads build trees of small pieces; the system's allocator grows each thread's share page by page. Without huge pages, which
/// would double what 5,000 objects take.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    plimsoll::cli::main()
}
