import NIOCore

/// The timeouts of one connection. One scheduled task of the event loop serves them all. It is rescheduled only for an
/// earlier time, so a busy connection rarely touches the loop's task list.
struct ConnectionClocks {
    /// What the connection expects from the client.
    enum Wait {
        /// The first byte of a request.
        case idle
        /// The rest of a head.
        case head
        /// More bytes of a body.
        case body
        /// The client's close, after the last response.
        case linger
    }

    private(set) var wait: (for: Wait, until: NIODeadline)?
    /// When to check whether the client takes bytes, and the result of the last check.
    var writes: (stall: WriteStall, rate: RateFloor, at: NIODeadline)?
    fileprivate var alarm: (at: NIODeadline, task: Scheduled<Void>)?
    /// How many bytes had been read when this timeout was last set.
    fileprivate var bytesSeen = 0

    var isReadingHead: Bool { self.wait?.for == .head }

    /// Sets the timeout for what the client has to send.
    mutating func wait(for wait: Wait, _ limit: TimeAmount, on handler: HTTPConnectionHandler) {
        self.bytesSeen = handler.monitor.bytesIn
        self.wait = (wait, handler.eventLoop.now + limit)
        self.setAlarm(on: handler)
    }

    mutating func stopWaiting() { self.wait = nil }

    mutating func stopWatchingWrites() { self.writes = nil }

    /// The connection is closed.
    mutating func stop() {
        self.wait = nil
        self.writes = nil
        self.alarm?.task.cancel()
        self.alarm = nil
    }

    /// Makes sure that the task runs when the first timeout expires.
    fileprivate mutating func setAlarm(on handler: HTTPConnectionHandler) {
        let at: NIODeadline
        switch (self.wait?.until, self.writes?.at) {
        case (let read?, let write?): at = min(read, write)
        case (let read?, nil): at = read
        case (nil, let write?): at = write
        case (nil, nil): return
        }
        if let alarm, alarm.at <= at { return }
        self.alarm?.task.cancel()
        let task = handler.eventLoop.assumeIsolated().scheduleTask(deadline: at) { handler.alarmRings() }
        self.alarm = (at, task)
    }
}

extension HTTPConnectionHandler {
    /// Bytes came. If they were expected, the timeout starts again.
    func noteBytesRead() {
        let count = self.monitor.bytesIn - self.clocks.bytesSeen
        guard count > 0 else { return }
        self.clocks.bytesSeen = self.monitor.bytesIn
        switch self.phase {
        case .lingering:
            self.lingerEvent { $0.dropped(count) }
        case .idle:
            // The bytes of a head do not restart its timeout.
            if self.clocks.wait?.for == .idle, !self.monitor.isHoldingBack {
                self.clocks.wait(for: .head, self.core.configuration.headTimeout, on: self)
            }
        case .exchange(let exchange):
            guard self.clocks.wait?.for == .body else { break }
            self.judgeBodyRate(exchange)
            if exchange.body?.isWaiting == true {
                self.clocks.wait(for: .body, self.core.configuration.bodyTimeout, on: self)
            } else {
                self.clocks.stopWaiting()
            }
        case .closed:
            break
        }
    }

    /// Expected bytes of a body have come.
    private func judgeBodyRate(_ exchange: Exchange) {
        let now = self.eventLoop.now
        let rate = exchange.bodyRate?.note(bytes: exchange.bodyBytesReceived, now: now)
        if exchange.body?.isWaiting != true { exchange.bodyRate?.pause(now: now) }
        guard let rate, !exchange.isRequestWhole,
            let missed = self.core.configuration.uploadRate.missed(by: rate, isContended: self.core.uploadsWait)
        else { return }
        exchange.mustClose = true
        exchange.body?.fail(.tooSlow(bytesPerSecond: missed))
    }

    /// How many of the bytes handed to the socket the client has acknowledged. The kernel's own count would mislead: it
    /// takes some MiB at once, and then none for a long time. If the socket cannot tell, it is what the kernel has
    /// taken.
    private var bytesAcknowledged: Int {
        self.bytesTaken - (self.directSocket?.unacknowledgedBytes ?? 0)
    }

    /// How many of the bytes handed to the channel the kernel has taken.
    var bytesTaken: Int {
        let buffered = try? self.context?.channel.syncOptions?.getOption(.bufferedWritableBytes)
        return self.monitor.bytesOut - (buffered ?? 0)
    }

    /// Starts to watch whether the client takes its bytes, if some are left after a flush.
    func watchWrites() {
        guard let context, self.unflushedAnswers > 0 || !context.channel.isWritable else { return }
        let now = self.eventLoop.now
        guard self.clocks.writes == nil else {
            self.clocks.writes?.rate.resume(now: now)
            return
        }
        let limits = self.core.configuration
        let bytes = self.bytesAcknowledged
        let stall = WriteStall(limit: limits.writeTimeout, taken: bytes, now: now)
        var rate = RateFloor(window: limits.rateWindow, bytes: bytes)
        rate.resume(now: now)
        self.clocks.writes = (stall, rate, now + self.writeInterval(stall))
        self.clocks.setAlarm(on: self)
    }

    private func writeInterval(_ stall: WriteStall) -> TimeAmount {
        min(stall.interval, .nanoseconds(max(1, self.core.configuration.rateWindow.nanoseconds / 4)))
    }

    /// The socket takes bytes again. Until it is full the next time, the server does not wait for the client.
    func noteSocketTakesBytes() {
        guard self.clocks.writes != nil, self.unflushedAnswers == 0 else { return }
        self.clocks.writes?.rate.pause(now: self.eventLoop.now)
    }

    fileprivate func alarmRings() {
        self.clocks.alarm = nil
        let now = self.eventLoop.now
        if let writes = self.clocks.writes, writes.at <= now { self.checkWrites(writes.stall, writes.rate, now: now) }
        if let wait = self.clocks.wait, wait.until <= now { self.waitedTooLong(for: wait.for) }
        if case .closed = self.phase { return }
        self.clocks.setAlarm(on: self)
    }

    private func checkWrites(_ stall: WriteStall, _ rate: RateFloor, now: NIODeadline) {
        // If the handler itself is slow, the socket has space: nothing stalls.
        guard self.unflushedAnswers > 0 || self.context?.channel.isWritable == false else {
            return self.clocks.stopWatchingWrites()
        }
        var (stall, rate) = (stall, rate)
        let bytes = self.bytesAcknowledged
        if let rate = rate.note(bytes: bytes, now: now),
            self.core.configuration.downloadRate.missed(by: rate, isContended: { self.othersWait }) != nil
        {
            return self.cut(.stalled)
        }
        switch stall.check(taken: bytes, now: now) {
        case .checkAgain(let at): self.clocks.writes = (stall, rate, min(at, now + self.writeInterval(stall)))
        case .stalled: self.cut(.stalled)
        }
    }

    /// Whether others wait for memory that a response on this connection holds.
    private var othersWait: Bool {
        if case .exchange(let exchange) = self.phase, exchange.handling?.othersWait() == true { return true }
        if let flushing, flushing.handling?.othersWait() == true { return true }
        // What the fast path sends is held in memory too.
        return self.fastPath != nil && self.unflushedAnswers > 0 && self.flushing == nil && self.core.readersWait()
    }

    private func waitedTooLong(for wait: ConnectionClocks.Wait) {
        self.clocks.stopWaiting()
        switch (self.phase, wait) {
        case (.idle, .head):
            self.answer(.requestTimeout)
        case (.idle, _):
            // If the client has not taken the previous response, the write timeout applies.
            self.closeWhenFlushed()
        case (.exchange(let exchange), .body):
            if exchange.body?.isWaiting == true {
                exchange.mustClose = true
                exchange.body?.fail(.timedOut)
            }
        case (.lingering, .linger):
            self.lingerEvent { $0.timedOut() }
        default:
            break
        }
    }
}
