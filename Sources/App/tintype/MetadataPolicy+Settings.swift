import ImageCodecs
import TintypeSettings

extension MetadataPolicy {
    init(_ setting: UploadMetadata) {
        self =
            switch setting {
            case .keep: .keep
            case .dropLocation: .dropLocation
            case .dropAll: .dropAll
            }
    }
}
