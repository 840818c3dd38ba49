import NIOCore
public import ObjectStorage
import Testing

/// The promises of ``ObjectStorage/ObjectStorage`` as checks that every store must pass.
///
/// Each check works below `prefix` and its own name, and removes nothing afterwards. Give every run a new prefix or a
/// new store. A failure is recorded as an issue of the running test and names its check.
public struct StorageConformance: Sendable {
    /// The checks, one promise each.
    public enum Check: String, Sendable, CaseIterable {
        case wholeRead, emptyObject, missingObject, rangeReads, conditionalRead, head
        case metadata, metadataGoesWithItsVersion
        case createOnly, createOnlyRace, replace, replaceMissing, replaceRace, everyWriteHasAVersion
        case delete, conditionalDelete, deleteMissing
        case overwriteUnderReader, readersSeeWholeVersions, lateReader, droppedBody
        case oddKeys, normalForms, accentAfterSlash, longKeys
        case listPaging, listLimitOne, listPrefix, listDelimiter, listDelimiterPaging, listStartAfter, listOrder
        case listEmpty, listTellsInfo, listCursorUnderWrites, listForgedCursor
        case uploadOneShortPart, uploadSeveralParts, uploadMetadata, uploadWithoutParts, uploadAbort
        case uploadCreateOnly, uploadReplace, uploadIsUnseenUntilComplete, uploadRace, uploadInCancelledTask
        case cancelledCalls, availability
    }

    /// Known differences of some stores that the storage layer cannot correct.
    public struct Peculiarities: OptionSet, Sendable {
        /// One bit for each peculiarity.
        public let rawValue: Int

        /// Any combination of bits.
        public init(rawValue: Int) {
            self.rawValue = rawValue
        }

        /// The store treats a backslash in a key as a slash.
        public static let backslashIsSlash = Peculiarities(rawValue: 1)
        /// The store lists a folder for a while after its last object has gone.
        public static let emptyFoldersLinger = Peculiarities(rawValue: 2)
    }

    /// The store under test.
    public let storage: any ObjectStorage
    /// Another handle to the same store, if there is one. Each handle must see the writes of the other.
    public let other: any ObjectStorage
    /// Comes before every key.
    public let prefix: String
    /// The differences that this store may have.
    public let peculiarities: Peculiarities

    /// - Parameters:
    ///   - storage: the store under test.
    ///   - other: another handle to the same objects (another client, another process); nil: the store itself.
    ///   - prefix: comes before every key; valid UTF-8 that ends with a slash, or empty; at most 100 bytes.
    ///   - peculiarities: the differences that this store may have.
    public init(
        _ storage: any ObjectStorage, other: (any ObjectStorage)? = nil, prefix: String,
        peculiarities: Peculiarities = []
    ) {
        self.storage = storage
        self.other = other ?? storage
        self.prefix = prefix
        self.peculiarities = peculiarities
    }

    /// Runs every check, one after the other. If a check throws, an issue is recorded and the next check runs.
    public func runAll() async throws {
        for check in Check.allCases {
            try Task.checkCancellation()
            await run(check)
        }
    }

    /// Runs one check. If it throws, an issue that names the check is recorded.
    public func run(_ check: Check) async {
        let bench = Bench(
            check: check, storage: storage, other: other, prefix: "\(prefix)\(check.rawValue)/",
            peculiarities: peculiarities)
        do {
            try await bench.run()
        } catch {
            Issue.record("\(check.rawValue) threw \(String(reflecting: error))")
        }
    }
}

extension StorageConformance.Check: CustomStringConvertible {
    /// The name of the check, as test reports show it.
    public var description: String { rawValue }
}
