#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension ProcessMetrics {
    /// The present values of this process, or nil if there is no /proc. Reads five small files of the kernel, which do
    /// not block.
    public static func current() -> ProcessMetrics? {
        #if canImport(Glibc) || canImport(Musl)
            guard
                let stat = text(of: "/proc/self/stat"), let systemStat = text(of: "/proc/stat"),
                let limits = text(of: "/proc/self/limits"), let descriptors = openDescriptorCount()
            else { return nil }
            return ProcessMetrics(
                stat: stat, systemStat: systemStat, limits: limits, openDescriptors: descriptors,
                pageBytes: Int64(sysconf(Int32(_SC_PAGESIZE))), ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))))
        #else
            return nil
        #endif
    }

    #if canImport(Glibc) || canImport(Musl)
        private static func text(of path: String) -> String? {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return nil }
            defer { close(descriptor) }
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 16_384)
            while true {
                let count = read(descriptor, &chunk, chunk.count)
                if count > 0 {
                    bytes.append(contentsOf: chunk[..<count])
                } else if count == 0 {
                    return String(decoding: bytes, as: UTF8.self)
                } else if errno != EINTR {
                    return nil
                }
            }
        }

        /// Without the descriptor that the count itself opens.
        private static func openDescriptorCount() -> Int64? {
            guard let folder = opendir("/proc/self/fd") else { return nil }
            defer { closedir(folder) }
            var count: Int64 = 0
            while let entry = readdir(folder) {
                // `.` and `..` are not descriptors.
                if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
            }
            return count - 1
        }
    #endif
}
