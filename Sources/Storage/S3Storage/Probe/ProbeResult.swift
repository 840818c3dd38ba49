import NIOCore
import ObjectStorage
import TextCoding

/// The store that a probe's result belongs to. A bucket that was mirrored or restored may bring a result to another
/// store, where it says nothing.
struct StoreIdentity: Sendable, Hashable {
    var endpoint: String
    var bucket: String
    var region: String
    /// The store's name for itself in its answers, mostly with its version; empty if it gives none.
    var server: String

    init(_ configuration: S3Configuration, server: String) {
        let endpoint = configuration.endpoint ?? .aws(region: configuration.region)
        self.endpoint = "\(endpoint.scheme)://\(endpoint.authority)\(endpoint.basePath)"
        bucket = configuration.bucket
        region = configuration.region
        // It must fit on a line of text.
        self.server = String(
            String.UnicodeScalarView(server.unicodeScalars.filter { (" "..."~").contains($0) }).prefix(200))
    }
}

/// A probe's result as it is kept in the bucket: the races take half a minute on some stores, and hundreds of requests.
struct ProbeResult: Sendable, Hashable {
    var store: StoreIdentity
    /// By the clock of the machine that ran the probe.
    var probed: Timestamp
    /// With no races left to run.
    var observations: ProbeObservations

    static let name = "probed/result"
    /// Longer than any result.
    static let longest = 4 << 10
    private static let header = "tintype-probe 1"
    /// Seconds by which clocks may differ: S3 rejects signatures that are further off.
    private static let clockTolerance: Int64 = 900

    /// Whether it applies to this store now.
    ///
    /// - Parameter written: the store's time of the write. A copied object has another time than the result itself
    ///   says.
    func holds(
        for store: StoreIdentity, written: Timestamp?, now: Timestamp, maxAge: Duration
    ) -> Bool {
        guard self.store == store, let written, abs(written.seconds - probed.seconds) <= Self.clockTolerance else {
            return false
        }
        let age = now.seconds - probed.seconds
        return age >= -Self.clockTolerance && age < maxAge.components.seconds
    }

    // MARK: Text

    private var fields: [(name: String, value: String)] {
        [
            ("endpoint", store.endpoint), ("bucket", store.bucket), ("region", store.region), ("server", store.server),
            ("probed", String(probed.seconds)),
        ] + observations.fields
    }

    /// Lines of text: a header, and a name and a value in each.
    var bytes: ByteBuffer {
        ByteBuffer(
            string: ([Self.header] + fields.map { "\($0.name) \($0.value)" }).joined(separator: "\n") + "\n")
    }

    init(store: StoreIdentity, probed: Timestamp, observations: ProbeObservations) {
        self.store = store
        self.probed = probed
        self.observations = observations
    }

    /// Nil for any other text, even if it differs in one character.
    init?(_ bytes: ByteBuffer, for configuration: S3Configuration) {
        guard bytes.readableBytes <= Self.longest else { return nil }
        let lines = String(buffer: bytes).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first?[...] == Self.header[...] else { return nil }
        var values: [String: String] = [:]
        for line in lines.dropFirst().dropLast() {
            guard let space = line.firstIndex(of: " ") else { return nil }
            values[String(line[..<space])] = String(line[line.index(after: space)...])
        }
        guard let seconds = values["probed"].flatMap({ Int64($0) }), (0...(1 << 40)).contains(seconds),
            let observations = ProbeObservations(values)
        else { return nil }
        var store = StoreIdentity(configuration, server: values["server"] ?? "")
        store.endpoint = values["endpoint"] ?? ""
        store.bucket = values["bucket"] ?? ""
        store.region = values["region"] ?? ""
        self.init(store: store, probed: Timestamp(seconds: seconds), observations: observations)
        // If it does not encode to the same text, somebody has changed it.
        guard self.bytes == bytes else { return nil }
    }
}

extension ProbeObservations {
    /// Each result by its name, as it is kept and shown.
    var fields: [(name: String, value: String)] {
        [
            ("put", put.support.rawValue), ("complete", complete.support.rawValue), ("delete", delete.support.rawValue),
            ("lists-in-byte-order", String(listsInByteOrder)), ("plus-is-space", String(plusIsSpace)),
            ("complete-tells-etag", String(completeTellsETag)), ("tells-missing-keys", String(tellsMissingKeys)),
        ]
    }

    /// Nil if one is missing or invalid.
    init?(_ values: [String: String]) {
        func result(_ name: String) -> RaceResult? {
            values[name].flatMap { ConditionSupport(rawValue: $0) }.map { RaceResult(settled: $0) }
        }
        func flag(_ name: String) -> Bool? { values[name].flatMap { Bool($0) } }
        guard let put = result("put"), let complete = result("complete"), let delete = result("delete"),
            let listsInByteOrder = flag("lists-in-byte-order"), let plusIsSpace = flag("plus-is-space"),
            let completeTellsETag = flag("complete-tells-etag"), let tellsMissingKeys = flag("tells-missing-keys")
        else { return nil }
        self.init(
            put: put, complete: complete, delete: delete, listsInByteOrder: listsInByteOrder, plusIsSpace: plusIsSpace,
            completeTellsETag: completeTellsETag, tellsMissingKeys: tellsMissingKeys)
    }
}
