import ImageModel
import Testing

/// The eight symmetries, checked by their effect on the corners of a rectangle.
@Suite struct OrientationTests {
    /// The corners in reading order after the symmetry, from the table of Exif 2.32, 4.6.4.A.
    private static let corners: [Orientation: [Int]] = [
        .upright: [0, 1, 2, 3],
        .mirrored: [1, 0, 3, 2],
        .rotated180: [3, 2, 1, 0],
        .mirroredRotated180: [2, 3, 0, 1],
        .mirroredRotated270: [0, 2, 1, 3],
        .rotated90: [2, 0, 3, 1],
        .mirroredRotated90: [3, 1, 2, 0],
        .rotated270: [1, 3, 0, 2],
    ]

    private static func seen(_ picture: [Int], as orientation: Orientation) throws -> [Int] {
        try #require(corners[orientation]).map { picture[$0] }
    }

    @Test(arguments: Orientation.allCases, Orientation.allCases)
    func followedByEqualsBothStepsInOrder(first: Orientation, second: Orientation) throws {
        let stepwise = try Self.seen(Self.seen([0, 1, 2, 3], as: first), as: second)
        #expect(try Self.seen([0, 1, 2, 3], as: first.followed(by: second)) == stepwise)
    }

    @Test(arguments: Orientation.allCases)
    func anOrientationAndItsInverseAreUpright(orientation: Orientation) {
        #expect(orientation.followed(by: orientation.inverse) == .upright)
        #expect(orientation.inverse.followed(by: orientation) == .upright)
    }

    @Test(arguments: Orientation.allCases)
    func mirroringAndQuarterTurnsMakeTheOrientation(orientation: Orientation) {
        #expect(
            Orientation(mirrored: orientation.isMirrored, quarterTurns: orientation.quarterTurns) == orientation)
        #expect(
            Orientation(mirrored: orientation.isMirrored, quarterTurns: orientation.quarterTurns - 4) == orientation)
        #expect(orientation.swapsAxes == (orientation.rawValue >= 5))
    }

    @Test func followedByIsAssociative() {
        for first in Orientation.allCases {
            for second in Orientation.allCases {
                for third in Orientation.allCases {
                    #expect(
                        first.followed(by: second).followed(by: third)
                            == first.followed(by: second.followed(by: third)))
                }
            }
        }
    }

    @Test func flipsAreTheirOwnInverse() {
        for flip in Flip.allCases {
            #expect(flip.orientation.followed(by: flip.orientation) == .upright)
        }
        #expect(Flip.horizontal.orientation.followed(by: Flip.vertical.orientation) == .rotated180)
    }
}
