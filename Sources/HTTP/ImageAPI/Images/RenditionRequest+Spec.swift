import ImageModel
import ImageRequests
import ImageService

extension RenditionRequest {
    /// By how much the default quality is lowered for a client with Save-Data.
    static let savedQuality = 20

    /// This request for one image and one client, with all defaults filled in.
    func spec(for image: StoredImage, accept: Accept, savesData: Bool = false) -> RenditionSpec {
        let frames = image.image?.frames
        var request = self
        // A still image has no frame but its first.
        if frames == 1 { request.isStill = false }
        let isAnimated = (frames ?? 1) > 1 && !isStill
        let format: ImageFormat =
            switch self.format {
            // The only format for animations, whatever the client names.
            case .auto where isAnimated: .webp
            // If unknown, transparency is assumed, so that no image loses it.
            case .auto: accept.choose(for: image.format, hasAlpha: image.image?.hasAlpha ?? true)
            case .original: image.format
            case .fixed(let format): format
            }
        let spec = ImageService.spec(request, format: format)
        guard savesData, request.quality == nil, let quality = spec.quality else { return spec }
        request.quality = quality - Self.savedQuality
        return ImageService.spec(request, format: format)
    }
}
