import Glibc

/// Priorities of threads within the process.
enum ThreadPriority {
    /// Raises the calling thread's nice value to this; never lowers it.
    static func giveWay(_ niceness: Int32) {
        #if os(Linux)
            // On Linux every thread has its own nice value (sched(7)), and 0 is the calling thread.
            let kind = __priority_which_t(PRIO_PROCESS.rawValue)
            if getpriority(kind, 0) < niceness { _ = setpriority(kind, 0, niceness) }
        #endif
    }
}
