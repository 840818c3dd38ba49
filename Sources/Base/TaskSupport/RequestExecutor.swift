public import NIOCore

/// Where the tasks of one request run. A read that stays on one thread, from the client's socket to the store's and
/// back, needs no thread switch. Each switch costs a reader more than the bytes of a small picture do.
///
/// Tasks that are started for a request must ask for this executor: they do not inherit the preference.
public enum RequestExecutor {
    /// Nil: Swift's own threads.
    @TaskLocal public static var executor: (any TaskExecutor)?
}

/// Runs tasks on an event loop. Only for work that computes next to nothing: the loop's sockets wait meanwhile.
public final class EventLoopTaskExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    /// An executor for this loop, on which its tasks share one thread with the loop's sockets.
    public init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Runs the job on the loop's thread; at a later turn of the loop if called from that thread.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
