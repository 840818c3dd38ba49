import Logging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How many files and sockets this process may have open. The soft limit is mostly 1,024, for programs that use
/// `select`; a server of many connections takes what the administrator allows, as Go's runtime and nginx do.
enum OpenFiles {
    static func raiseLimit(logger: Logger) {
        var limit = rlimit()
        guard unsafe getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        if unsafe setrlimit(resource, &limit) != 0 {
            logger.warning("the limit on open files could not be raised", metadata: ["errno": "\(errno)"])
        }
    }

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif
}
