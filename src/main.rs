//! The `plimsoll` binary.

/// Many threads build trees of small pieces. The system's allocator grows each thread's share page by page; this one takes huge pages where
/// the system gives them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    plimsoll::cli::main()
}
