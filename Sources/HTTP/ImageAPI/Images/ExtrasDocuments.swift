import ImageRequests
import ImageService

/// The requested additions to an image's metadata, in JSON. Unknown values are null, not left out.
struct ExtrasDocuments: Sendable {
    /// Nil if not requested.
    var extras: Extras?
    var location: Location?

    init(_ extras: ImageExtras, _ wanted: MetadataQuery) {
        if wanted.extras { self.extras = Extras(extras: extras) }
        if wanted.location { location = Location(position: extras.position) }
    }

    struct Extras: Encodable, Sendable {
        fileprivate var extras: ImageExtras

        private enum Key: String, CodingKey {
            case dominantColor, thumbHash, blurHash, captureTime, cameraMake, cameraModel
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(extras.dominantColor, forKey: .dominantColor)
            try container.encode(extras.thumbHash, forKey: .thumbHash)
            try container.encode(extras.blurHash, forKey: .blurHash)
            try container.encode(extras.captureTime, forKey: .captureTime)
            try container.encode(extras.make, forKey: .cameraMake)
            try container.encode(extras.model, forKey: .cameraModel)
        }
    }

    struct Location: Encodable, Sendable {
        fileprivate var position: ImageExtras.Position?

        private enum Key: String, CodingKey {
            case latitude, longitude, altitude
        }

        func encode(to encoder: any Encoder) throws {
            guard let position else {
                var container = encoder.singleValueContainer()
                return try container.encodeNil()
            }
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(position.latitude, forKey: .latitude)
            try container.encode(position.longitude, forKey: .longitude)
            try container.encode(position.altitude, forKey: .altitude)
        }
    }
}
