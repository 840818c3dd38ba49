import ImageService

@testable import ImageAPI

extension Route {
    /// Every route, those of images with this path.
    static func all(_ path: ImagePath) -> [Route] {
        let all: [Route] = [.image(path), .rotate(path), .metadata(path), .collection, .signedURLs, .access, .status]
        for route in all {
            switch route {
            // A new case has to be added above, too.
            case .image, .rotate, .metadata, .collection, .signedURLs, .access, .status: break
            }
        }
        return all
    }
}
