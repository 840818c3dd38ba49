import ImageCodecs
import ImageModel

/// The first step of a plan for a JPEG that becomes a JPEG: Y, Cb and Cr are resampled as they are stored.
///
/// That is half of the samples of RGB, and no pixel is converted that is dropped afterwards.
struct PlanarResampling: ~Copyable {
    /// Pictures of ``PixelBuffer/Layout/gray8``.
    var y: PixelBuffer
    var cb: PixelBuffer
    var cr: PixelBuffer

    /// Whether the plan has such a step. Finding the attention needs all colours at once.
    static func applies(to plan: RenderPlan, info: ImageInfo) -> Bool {
        guard info.format == .jpeg, let resampling = plan.resampling else { return false }
        return !resampling.isSmart
    }

    /// - Parameters:
    ///   - planes: decoded with the plan's denominator.
    ///   - chroma: the size for Cb and Cr: that of the result, or half of it, rounded up.
    /// - Throws: ``CodecError/outOfMemory``, ``CodecError/cancelled``.
    init(
        _ planes: borrowing JPEGPlanes, resampling: RenderPlan.Resampling, denominator: Int, chroma: PixelSize,
        cancelled: CancelFlag
    ) throws(CodecError) {
        let tables = Self.tables(planes, resampling: resampling, denominator: denominator, chroma: chroma)
        let y = try Self.resample(planes, 0, by: tables[0], cancelled: cancelled)
        let cb = try Self.resample(planes, 1, by: tables[1], cancelled: cancelled)
        let cr = try Self.resample(planes, 2, by: tables[2], cancelled: cancelled)
        // All at once: no member may be initialised alone if another one fails.
        self.init(y: y, cb: cb, cr: cr)
    }

    private init(y: consuming PixelBuffer, cb: consuming PixelBuffer, cr: consuming PixelBuffer) {
        self.y = y
        self.cb = cb
        self.cr = cr
    }

    private static func resample(
        _ planes: borrowing JPEGPlanes, _ index: Int, by tables: ResampleTables, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        let plane = planes.planes[index]
        let size = tables.geometry.output
        var output = try PixelBuffer(width: size.width, height: size.height, layout: .gray8)
        let isFinished = planes.withUnsafeBytes(of: plane) { input in
            output.withUnsafeMutableBytes { output in
                Resampler.resample(
                    Resampler.Plane(plane, samples: input), channels: 1, tables: tables, into: output,
                    cancelled: cancelled)
            }
        }
        if !isFinished { throw .cancelled }
        return output
    }

    /// For Y, Cb and Cr. Equal tables are made once.
    static func tables(
        _ planes: borrowing JPEGPlanes, resampling: RenderPlan.Resampling, denominator: Int, chroma: PixelSize
    ) -> [ResampleTables] {
        var tables: [ResampleTables] = []
        for (index, plane) in planes.planes.enumerated() {
            let size = index == 0 ? resampling.size : chroma
            let geometry = ResampleTables.Geometry(
                input: PixelSize(width: plane.width, height: plane.height),
                region: region(of: plane, resampling, denominator: denominator, size: size), output: size,
                filter: .lanczos)
            tables.append(tables.last { $0.geometry == geometry } ?? ResampleTables(geometry))
        }
        return tables
    }

    /// The part of a plane that the samples of the result cover.
    private static func region(
        of plane: JPEGPlanes.Plane, _ resampling: RenderPlan.Resampling, denominator: Int, size: PixelSize
    ) -> SourceRegion {
        let factor = (x: plane.scale.x * Double(denominator), y: plane.scale.y * Double(denominator))
        // Halved from an odd size, the last sample extends half of its width beyond the picture.
        let isHalved = size != resampling.size
        let reach = (
            x: isHalved ? Double(2 * size.width) / Double(resampling.size.width) : 1,
            y: isHalved ? Double(2 * size.height) / Double(resampling.size.height) : 1
        )
        return SourceRegion(
            x: resampling.region.x * factor.x, y: resampling.region.y * factor.y,
            width: resampling.region.width * factor.x * reach.x,
            height: resampling.region.height * factor.y * reach.y)
    }

    /// All three, rotated. Halved planes of odd sizes cannot be rotated: their last samples would come first.
    /// - Throws: ``CodecError/outOfMemory``, ``CodecError/cancelled``.
    borrowing func rotated(_ orientation: Orientation, cancelled: CancelFlag) throws(CodecError) -> PlanarResampling {
        let y = try QuarterRotation.apply(orientation, to: y, cancelled: cancelled)
        let cb = try QuarterRotation.apply(orientation, to: cb, cancelled: cancelled)
        let cr = try QuarterRotation.apply(orientation, to: cr, cancelled: cancelled)
        return PlanarResampling(y: y, cb: cb, cr: cr)
    }
}
