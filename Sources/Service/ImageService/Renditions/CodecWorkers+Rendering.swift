import ImageCodecs
import ImageModel
import NIOCore
import Rendering

extension CodecWorkers {
    /// Makes a rendition from a whole file.
    ///
    /// - Parameters:
    ///   - original: the size of the original, if `file` is an intermediate of it.
    ///   - permit: the permit of this work.
    func render(
        _ file: ByteBuffer, _ spec: RenditionSpec, of original: PixelSize?, limits: CodecLimits, in permit: Permit
    ) async throws(ServiceError) -> ByteBuffer {
        let limits = RenderLimits(codec: limits)
        // The record is not reliable enough to reserve memory by: the header itself is read.
        let (info, plan, memory, decoding) = try await HeaderReading.run(over: file.readableBytes) {
            () throws(ServiceError) -> (ImageInfo, RenderPlan, Int, Int) in
            let info: ImageInfo
            do throws(CodecError) {
                info = try ImageHeader.read(file.readableBytesSpan, limits: limits.codec)
            } catch {
                throw ServiceError(error, at: "header")
            }
            do throws(RenderError) {
                let plan = try RenderPlan(info: info, of: original, spec: spec, limits: limits)
                let decoding = ImageDecoder.memoryBytes(
                    file: file.readableBytesSpan, info: info, scaleDenominator: plan.scaleDenominator,
                    limits: limits.codec)
                let memory = plan.memoryBytes(file: file.readableBytesSpan, info: info, limits: limits)
                return (info, plan, memory, decoding)
            } catch {
                throw ServiceError(error)
            }
        }
        // If the original alone is too large, the client is told so.
        let use = decoding >= memory ? "Decoding this image" : "Making this rendition of \(plan.outputSize) pixels"
        return try await run(bytes: memory, in: permit, use: use) { cancelled in
            do throws(RenderError) {
                let rendered = try Renderer.render(
                    file.readableBytesSpan, info: info, spec: spec, plan: plan, limits: limits, cancelled: cancelled)
                return ByteBuffer(bytes: rendered.bytes)
            } catch {
                throw ServiceError(error)
            }
        }
    }
}

extension ServiceError {
    init(_ error: RenderError) {
        self =
            switch error {
            case .codec(let stage, let error): ServiceError(error, at: stage.rawValue)
            case .unsupported: .cannotRender(error.publicText)
            case .tooLarge: .beyondLimit(error.publicText)
            case .cancelled: .cancelled
            }
    }
}
