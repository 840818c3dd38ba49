import ImageCodecs
import ImageModel
import NIOCore
import Rendering

extension CodecWorkers {
    /// Makes a rendition of a whole file.
    ///
    /// - Parameter original: the size of the original, where `file` is an intermediate of it.
    func render(
        _ file: ByteBuffer, _ spec: RenditionSpec, of original: PixelSize?, limits: CodecLimits
    ) async throws(ServiceError) -> ByteBuffer {
        let limits = RenderLimits(codec: limits)
        // What the record says of the picture is not enough to take memory by: the header itself is read.
        let (info, plan, memory) = try await HeaderReading.run(over: file.readableBytes) {
            () throws(ServiceError) -> (ImageInfo, RenderPlan, Int) in
            let info: ImageInfo
            do throws(CodecError) {
                info = try ImageHeader.read(file.readableBytesSpan, limits: limits.codec)
            } catch {
                throw .unprocessable(error)
            }
            do throws(RenderError) {
                let plan = try RenderPlan(info: info, of: original, spec: spec, limits: limits)
                return (info, plan, plan.memoryBytes(file: file.readableBytesSpan, info: info, limits: limits))
            } catch {
                throw ServiceError(error)
            }
        }
        return try await run(bytes: memory) { cancelled in
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
            case .codec(_, let error): .unprocessable(error)
            case .unsupported: .cannotRender(error.publicText)
            case .tooLarge: .beyondLimit(error.publicText)
            case .cancelled: .cancelled
            }
    }
}
