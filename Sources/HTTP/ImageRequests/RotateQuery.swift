public import ImageCodecs
public import ImageModel

/// What a rotate request asks for, in its query or in a JSON body: a rotation, a flip, or a rotation and then a flip,
/// of the image as displayed. It also says what happens to a JPEG's edge blocks that cannot be moved without loss.
public struct RotateQuery: Sendable, Hashable {
    /// The same parameters as members of a JSON object.
    public struct Body: Decodable, Sendable {
        var degrees: Int?
        var flip: String?
        var edge: String?

        /// No parameters.
        public init() {}
    }

    /// As displayed.
    public var orientation: Orientation
    /// ``ImageTransform/Edge/reencode`` unless the request says otherwise.
    public var edge: ImageTransform.Edge

    /// - Throws: ``RequestError`` if a parameter is malformed or repeated, or if both `degrees` and `flip` are missing.
    public init(_ query: Query, _ body: Body) throws(RequestError) {
        let degrees: Int?
        switch (try query.text("degrees"), body.degrees) {
        case (_?, _?): throw .badParameter("The parameter degrees is given twice, in the query and the body.")
        case (let text?, nil): degrees = Int(text) ?? -1
        case (nil, let number): degrees = number
        }
        let flip = try Self.single("flip", query, body.flip)
        switch try Self.single("edge", query, body.edge) {
        case nil: edge = .reencode
        case let word?:
            guard let known = ImageTransform.Edge(rawValue: word) else {
                throw .badParameter("The parameter edge must be reencode or trim.")
            }
            edge = known
        }
        orientation = try Self.orientation(degrees: degrees, flip: flip)
    }

    private static func single(_ name: String, _ query: Query, _ inBody: String?) throws(RequestError) -> String? {
        let text = try query.text(name)
        guard text == nil || inBody == nil else {
            throw .badParameter("The parameter \(name) is given twice, in the query and the body.")
        }
        return text ?? inBody
    }

    private static func orientation(degrees: Int?, flip: String?) throws(RequestError) -> Orientation {
        guard degrees != nil || flip != nil else {
            throw .badParameter("A rotate needs degrees (90, 180 or 270) or flip (horizontal or vertical).")
        }
        let rotation: Orientation =
            switch degrees {
            case nil: .upright
            case 90: .rotated90
            case 180: .rotated180
            case 270: .rotated270
            default: throw .badParameter("The parameter degrees must be 90, 180 or 270.")
            }
        guard let flip else { return rotation }
        guard let flip = Flip(rawValue: flip) else {
            throw .badParameter("The parameter flip must be horizontal or vertical.")
        }
        return rotation.followed(by: flip.orientation)
    }
}
