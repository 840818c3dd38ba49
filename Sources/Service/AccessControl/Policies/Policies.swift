/// The policies by prefix. Of the prefixes that contain a path, the longest one decides. What its policy does not say
/// comes from the next shorter one, and in the end from the settings.
public struct Policies: Sendable, Hashable {
    /// The most policies.
    public static let maximumCount = 1_000

    /// One policy.
    public struct Policy: Sendable, Hashable {
        /// Where it holds.
        public let prefix: PathPrefix
        /// What it says itself.
        public let says: PolicyRules
        /// What holds under the prefix: what it says, completed by the policies of shorter prefixes.
        public let rules: PolicyRules
        /// The place of the next shorter prefix that contains this one.
        let parent: Int?
    }

    /// In the order of their prefixes as bytes.
    public let all: [Policy]

    /// No policies.
    public init() {
        all = []
    }

    /// - Throws: ``PolicyListError``.
    public init(_ entries: [(prefix: PathPrefix, says: PolicyRules)]) throws(PolicyListError) {
        guard entries.count <= Self.maximumCount else { throw .tooMany(entries.count) }
        let sorted = entries.sorted { $0.prefix.bytes.lexicographicallyPrecedes($1.prefix.bytes) }
        var policies: [Policy] = []
        for (prefix, says) in sorted {
            // A prefix comes before everything that begins with it, so that the one before, or a prefix that contains
            // the one before, is the next shorter one.
            var parent = policies.isEmpty ? nil : policies.count - 1
            while let place = parent, !policies[place].prefix.contains(prefix.bytes) { parent = policies[place].parent }
            guard policies.last?.prefix != prefix else { throw .twice(prefix) }
            let rules = parent.map { says.completed(by: policies[$0].rules) } ?? says
            policies.append(Policy(prefix: prefix, says: says, rules: rules, parent: parent))
        }
        all = policies
    }

    /// Whether there is no policy.
    public var isEmpty: Bool { all.isEmpty }

    /// The place in ``all`` of the policy that decides about a path; nil if none contains it.
    public func place(for path: some Collection<UInt8>) -> Int? {
        var place: Int? = firstPlace { path.lexicographicallyPrecedes($0) } - 1
        if place == -1 { return nil }
        // `place` is the last prefix that sorts before the path, or equals it. If another prefix contains the path, it is
        // one of the parents of this one.
        while let candidate = place, !all[candidate].prefix.contains(path) { place = all[candidate].parent }
        return place
    }

    /// The policy that decides about a path; nil if none contains it.
    public func policy(for path: some Collection<UInt8>) -> Policy? {
        place(for: path).map { all[$0] }
    }

    /// Where policies say something about a path: those that contain it, from the longest prefix to the shortest.
    public func chain(for path: some Collection<UInt8>) -> [Policy] {
        var chain: [Policy] = []
        var place = place(for: path)
        while let found = place {
            chain.append(all[found])
            place = all[found].parent
        }
        return chain
    }

    /// The prefixes under which some images have a lifetime. None contains another one.
    public var prefixesWithLifetime: [[UInt8]] {
        var prefixes: [PathPrefix] = []
        for policy in all where policy.rules.lifetime ?? 0 > 0 {
            // Those that contain it come before it.
            if let last = prefixes.last, last.contains(policy.prefix.bytes) { continue }
            prefixes.append(policy.prefix)
        }
        return prefixes.map(\.bytes)
    }

    /// The places in ``all`` of policies that decide about some of the paths that begin so, besides the one that
    /// decides about the beginning itself.
    public func places(within beginning: some Collection<UInt8>) -> Range<Int> {
        let start = firstPlace { !$0.lexicographicallyPrecedes(beginning) }
        var end = start
        while end < all.count, all[end].prefix.bytes.starts(with: beginning) { end += 1 }
        return start..<end
    }

    /// The first place for which the test is true; it must be true for all later ones.
    private func firstPlace(where isBehind: ([UInt8]) -> Bool) -> Int {
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(all[middle].prefix.bytes) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// Why a list of policies is wrong.
public enum PolicyListError: Error, Sendable, Hashable {
    /// So many policies.
    case tooMany(Int)
    /// A prefix that has two policies.
    case twice(PathPrefix)
}
