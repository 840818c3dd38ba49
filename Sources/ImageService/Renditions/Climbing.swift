/// Which intermediates are being made, one at a time, and which are not worth another try.
struct Climbing {
    private static let maximumGivenUp = 10_000
    private var present: OriginalVersion?
    private var givenUp: Set<OriginalVersion> = []

    mutating func begin(_ version: OriginalVersion) -> Bool {
        guard present == nil, !givenUp.contains(version) else { return false }
        present = version
        return true
    }

    mutating func end(_ version: OriginalVersion) { present = nil }

    mutating func giveUp(_ version: OriginalVersion) {
        if givenUp.count >= Self.maximumGivenUp { givenUp.removeAll() }
        givenUp.insert(version)
    }
}
