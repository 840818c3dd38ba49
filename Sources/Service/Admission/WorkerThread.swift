#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A detached thread of the operating system.
///
/// Work that keeps a processor busy for long, or blocks in C, must run neither on an event loop nor on Swift's
/// cooperative pool: both have one thread per core and expect every task to give way soon.
enum WorkerThread {
    /// The main thread's usual size. Threads of a C library may get as little as 128 KiB, too little for codecs.
    private static let stackBytes = 8 << 20

    /// The body, boxed so that it can travel through a C pointer.
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Starts a thread that runs `body` and ends.
    /// - Parameter niceness: how far the thread gives way to the process's other threads: 0 (not at all) to 19; added
    ///   to the nice value of the process.
    /// - Returns: zero, or the error number of `pthread_create`.
    static func start(name: String, niceness: CInt, _ body: @escaping @Sendable () -> Void) -> CInt {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)
        pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))

        let named = Body {
            setName(name)
            giveWay(niceness)
            body()
        }
        let argument = Unmanaged.passRetained(named)
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let result = pthread_create(&thread, &attributes, threadMain, argument.toOpaque())
        if result != 0 { argument.release() }
        return result
    }

    #if canImport(Darwin)
        private static let threadMain: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = {
            argument in
            Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        }
    #else
        private static let threadMain: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
            argument in
            if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
            return nil
        }
    #endif

    /// Lowers the priority of the calling thread. This needs no privilege; raising it again would. An error is ignored:
    /// everything works without it, only less evenly.
    private static func giveWay(_ niceness: CInt) {
        // On Linux every thread has its own nice value (sched(7)), and nice(2) changes that of the calling thread.
        // Elsewhere, as POSIX has it, nice(2) changes the whole process.
        #if os(Linux)
            _ = nice(niceness)
        #endif
    }

    /// For debuggers and `top`. Nothing depends on it, so an error is ignored.
    private static func setName(_ name: String) {
        #if canImport(Darwin)
            pthread_setname_np(name)
        #else
            // pthread_setname_np is a GNU extension that Swift's Glibc does not show; this file has the same effect.
            // Linux takes 15 bytes.
            let file = open("/proc/thread-self/comm", O_WRONLY)
            guard file >= 0 else { return }
            let bytes = Array(name.utf8.prefix(15))
            _ = write(file, bytes, bytes.count)
            close(file)
        #endif
    }
}
