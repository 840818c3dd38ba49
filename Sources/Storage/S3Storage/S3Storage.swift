public import Logging
import NIOConcurrencyHelpers
public import NIOCore
import NIOHTTP1
import NIOPosix
public import ObjectStorage
public import TaskSupport

/// ``ObjectStorage/ObjectStorage`` over the S3 protocol.
///
/// It can be used at once, but ``prepare()`` should be called until it succeeds, so that the store's own conditional
/// writes are used if it has them. Until then, and on a store that ignores conditions, this class checks them just
/// before the write, one write of a key at a time. That is only right within this process.
public final class S3Storage: ObjectStorage {
    /// The prefix of the objects that this storage keeps for itself.
    static let ownPrefix = ".tintype/"

    let configuration: S3Configuration
    let client: S3Client
    let logger: Logger
    /// Orders the writes of one key in this process.
    let locks = KeyedLock<ObjectKey>()
    /// The rest of a probe, in the background.
    let probing = BackgroundTask()
    /// What tidies up behind calls that have ended.
    let tidying: BackgroundTasks
    /// Whether odd entries of listings have been logged.
    let oddListing = FirstTime()
    private let learnt = NIOLockedValueBox(StoreTraits())
    private let bucketSeen = NIOLockedValueBox<ContinuousClock.Instant?>(nil)

    /// - Parameters:
    ///   - eventLoopGroup: for connections and timers; not shut down here.
    public convenience init(
        _ configuration: S3Configuration, credentials: any CredentialsProvider,
        eventLoopGroup: any EventLoopGroup, logger: Logger, clock: MonotonicClock = .continuous
    ) {
        let client = S3Client(
            configuration, credentials: credentials, eventLoopGroup: eventLoopGroup, logger: logger,
            now: systemWallClock, clock: clock)
        self.init(configuration, client: client, logger: logger)
    }

    /// The same on the event loops that SwiftNIO shares within a process.
    public convenience init(
        _ configuration: S3Configuration, credentials: any CredentialsProvider, logger: Logger,
        clock: MonotonicClock = .continuous
    ) {
        self.init(
            configuration, credentials: credentials, eventLoopGroup: .singletonMultiThreadedEventLoopGroup,
            logger: logger, clock: clock)
    }

    init(_ configuration: S3Configuration, client: S3Client, logger: Logger) {
        self.configuration = configuration
        self.client = client
        tidying = BackgroundTasks(clock: client.clock)
        self.logger = logger
    }

    /// Closes every connection. Call it once, after the last use.
    public func shutdown() async {
        await probing.stop()
        await tidying.drain(for: .seconds(3))
        do {
            try await client.shutdown()
        } catch {
            logger.debug("storage client did not close cleanly", metadata: ["error": "\(error)"])
        }
    }

    /// What the probe has found. Without a result, conditions count as not supported.
    public var capabilities: StorageCapabilities { traits.capabilities(partSize: configuration.partSize) }

    var traits: StoreTraits {
        get { learnt.withLockedValue { $0 } }
        set { learnt.withLockedValue { $0 = newValue } }
    }

    /// Reads a key that never exists. If the answer says that it is missing, signature, permissions and bucket are
    /// right. Any other success comes from something else.
    public func checkAvailability() async throws(StorageError) {
        let key = try Self.ownKey("availability", during: .checkAvailability)
        do throws(S3RequestError) {
            _ = try await client.send(S3Request(.checkAvailability, .GET, key: key), until: client.deadline())
            throw Self.badAnswer("an object that cannot exist", during: .checkAvailability)
        } catch  where meansMissing(error) {
            return
        } catch {
            throw error.storageError
        }
    }

    /// Whether the store says, with S3's code, that there is no such object: so the bucket is there.
    func meansMissing(_ error: S3RequestError) -> Bool {
        error.storageError.code == .notFound
    }

    /// Whether the store has said a moment ago, by its code, that an object is missing and the bucket is not.
    var isBucketSeen: Bool {
        let now = client.clock.now()
        return bucketSeen.withLockedValue { $0.map { now < $0 } ?? false }
    }

    func noteBucket() {
        let end = client.clock.now() + .seconds(1)
        bucketSeen.withLockedValue { $0 = end }
    }

    static func ownKey(_ name: String, during operation: StorageError.Operation) throws(StorageError) -> ObjectKey {
        guard let key = ObjectKey(ownPrefix + name) else {
            throw StorageError(.invalidKey, during: operation, detail: name)
        }
        return key
    }
}

/// True the first time it is asked.
final class FirstTime: Sendable {
    private let wasAsked = NIOLockedValueBox(false)

    var isFirst: Bool {
        wasAsked.withLockedValue { wasAsked in
            defer { wasAsked = true }
            return !wasAsked
        }
    }
}
