import CImageCodecs

/// Memory that the allocator holds and nobody uses.
public enum FreeMemory {
    /// Returns it to the system, which takes some milliseconds. Does nothing with C libraries other than glibc.
    public static func release() { tt_release_free_memory() }
}
