import Hummingbird
import ImageCodecs
import ImageModel
import ImageService
import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a rotate asks for, in its query or in a JSON body: a turn, a flip, or a turn and then a flip, as seen; and what
/// becomes of a JPEG's edge that stands in the way.
struct RotateRequest: Sendable, Hashable {
    var change: RotationChange

    private struct Body: Decodable {
        var degrees: Int?
        var flip: String?
        var edge: String?
    }

    /// More than any sensible body, for white space.
    private static let maximumBodyBytes = 4096

    init(_ query: Query, _ request: Request) async throws(Problem) {
        let body = try await Self.read(request)
        let degrees: Int?
        switch (try query.text("degrees"), body.degrees) {
        case (_?, _?): throw Problem(.badParameter, "The parameter degrees is given twice, in the query and the body.")
        case (let text?, nil): degrees = Int(text) ?? -1
        case (nil, let number): degrees = number
        }
        let flip = try Self.single("flip", query, body.flip)
        let edge: ImageTransform.Edge
        switch try Self.single("edge", query, body.edge) {
        case nil: edge = .reencode
        case let word?:
            guard let known = ImageTransform.Edge(rawValue: word) else {
                throw Problem(.badParameter, "The parameter edge must be reencode or trim.")
            }
            edge = known
        }
        change = RotationChange(try Self.change(degrees: degrees, flip: flip), edge: edge)
    }

    private static func single(_ name: String, _ query: Query, _ inBody: String?) throws(Problem) -> String? {
        let text = try query.text(name)
        guard text == nil || inBody == nil else {
            throw Problem(.badParameter, "The parameter \(name) is given twice, in the query and the body.")
        }
        return text ?? inBody
    }

    private static func change(degrees: Int?, flip: String?) throws(Problem) -> Orientation {
        var change = Orientation.upright
        guard degrees != nil || flip != nil else {
            throw Problem(.badParameter, "A rotate needs degrees (90, 180 or 270) or flip (horizontal or vertical).")
        }
        switch degrees {
        case nil: break
        case 90: change = .rotated90
        case 180: change = .rotated180
        case 270: change = .rotated270
        default: throw Problem(.badParameter, "The parameter degrees must be 90, 180 or 270.")
        }
        guard let flip else { return change }
        guard let flip = Flip(rawValue: flip) else {
            throw Problem(.badParameter, "The parameter flip must be horizontal or vertical.")
        }
        return change.followed(by: flip.orientation)
    }

    private static func read(_ request: Request) async throws(Problem) -> Body {
        let bytes: ByteBuffer
        do {
            bytes = try await request.body.collect(upTo: maximumBodyBytes)
        } catch is NIOTooManyBytesError {
            throw Problem(.tooLong, "The body of a rotate is longer than \(maximumBodyBytes) bytes.")
        } catch {
            throw Problem(thrown: error)
        }
        guard bytes.readableBytes > 0 else { return Body() }
        do {
            return try JSONDecoder().decode(Body.self, from: Data(bytes.readableBytesView))
        } catch {
            throw Problem(.badBody, "The body of a rotate must be a JSON object with degrees, flip or both, and edge.")
        }
    }
}
