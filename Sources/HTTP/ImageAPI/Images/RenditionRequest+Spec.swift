import ImageModel
import ImageRequests
import ImageService

extension RenditionRequest {
    /// How much the default quality is lowered for a client that saves data.
    static let savedQuality = 20

    /// This request for one image and one client: every default written out.
    func spec(for image: StoredImage, accept: Accept, savesData: Bool = false) -> RenditionSpec {
        let frames = image.image?.frames
        var request = self
        // A still has no other picture than its first.
        if frames == 1 { request.isStill = false }
        let isAnimated = (frames ?? 1) > 1 && !isStill
        let format: ImageFormat =
            switch self.format {
            // The only format that animations are written in, whatever the client names.
            case .auto where isAnimated: .webp
            // Where it is not known, transparency is assumed: a picture must not lose it.
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
