public import Admission
import ImageCodecs

/// Runs codecs: first the memory, then a thread, each waited for up to a deadline.
public struct CodecWorkers: Sendable {
    let memory: ByteBudget
    let pool: WorkerPool
    /// How long work may wait for its turn.
    let patience: Duration

    public init(memory: ByteBudget, pool: WorkerPool, patience: Duration = .seconds(10)) {
        self.memory = memory
        self.pool = pool
        self.patience = patience
    }

    /// Runs `work`, which takes up to `bytes` of memory, on a thread of its own.
    func run<Value: Sendable>(
        bytes: Int, _ work: @escaping @Sendable (CancelFlag) throws -> Value
    ) async throws(ServiceError) -> Value {
        let deadline = ContinuousClock.now + patience
        do {
            return try await memory.withBytes(bytes, deadline: deadline) {
                try await pool.run(deadline: deadline) { cancellation in
                    let flag = CancelFlag()
                    cancellation.onCancel { flag.cancel() }
                    return try work(flag)
                }
            }
        } catch let error as AdmissionError {
            switch error {
            case .overloaded(let seconds): throw .overloaded(retryAfter: seconds)
            case .exceedsBudget(let limit):
                throw .beyondLimit("Decoding this image takes \(bytes) bytes of memory; at most \(limit) are allowed.")
            case .cancelled: throw .cancelled
            case .shuttingDown: throw .overloaded(retryAfter: 1)
            }
        } catch let error as CodecError {
            throw .unprocessable(error)
        } catch let error as ServiceError {
            throw error
        } catch {
            throw .defect(error)
        }
    }
}
