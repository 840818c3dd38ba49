import Logging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How many files and sockets this process may have open. The soft limit is mostly 1,024, for programs that use
/// `select`. A server with many connections uses the administrator's (hard) limit, as Go's runtime and nginx do.
enum OpenFiles {
    /// - Returns: the limit from now on; nil if there is none, or it is unknown.
    @discardableResult
    static func raiseLimit(logger: Logger) -> Int? {
        var limit = rlimit()
        guard unsafe getrlimit(resource, &limit) == 0 else { return nil }
        if limit.rlim_cur < limit.rlim_max {
            let soft = limit.rlim_cur
            limit.rlim_cur = limit.rlim_max
            if unsafe setrlimit(resource, &limit) != 0 {
                logger.warning("the limit on open files could not be raised", metadata: ["errno": "\(errno)"])
                limit.rlim_cur = soft
            }
        }
        return Int(exactly: limit.rlim_cur)
    }

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif
}
