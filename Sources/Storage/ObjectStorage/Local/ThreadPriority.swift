import Glibc

/// How far a thread gives way to the others of the process.
enum ThreadPriority {
    /// Makes the calling thread's nice value at least this; never lower than it is.
    static func giveWay(_ niceness: Int32) {
        #if os(Linux)
            // Linux has a nice value for each thread (sched(7)), and 0 is the calling one.
            let kind = __priority_which_t(PRIO_PROCESS.rawValue)
            if getpriority(kind, 0) < niceness { _ = setpriority(kind, 0, niceness) }
        #endif
    }
}
