import CRendering
import ImageCodecs
import ImageModel

/// The first step of a plan for a JPEG that becomes another format: Y, Cb and Cr are resampled as they are stored, all
/// to the full size, and become RGB row by row, before they are rounded to bytes.
enum PlanarColor {
    /// - Parameter planes: decoded with the plan's denominator.
    /// - Throws: ``CodecError/outOfMemory``, ``CodecError/cancelled``.
    static func resample(
        _ planes: borrowing JPEGPlanes, resampling: RenderPlan.Resampling, denominator: Int, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        let size = resampling.size
        let tables = PlanarResampling.tables(
            planes, resampling: resampling, denominator: denominator, chroma: size)
        let all = planes.planes
        var output = try PixelBuffer(width: size.width, height: size.height, layout: .rgb8)
        let isFinished = planes.withUnsafeBytes(of: all[0]) { y in
            planes.withUnsafeBytes(of: all[1]) { cb in
                planes.withUnsafeBytes(of: all[2]) { cr in
                    output.withUnsafeMutableBytes { output in
                        let light = RowResampler(Resampler.Plane(all[0], samples: y), tables: tables[0])
                        let blue = RowResampler(Resampler.Plane(all[1], samples: cb), tables: tables[1])
                        let red = RowResampler(Resampler.Plane(all[2], samples: cr), tables: tables[2])
                        guard let target = output.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
                            return true
                        }
                        // The output holds size.height rows of size.width pixels of three bytes.
                        for row in 0..<size.height {
                            if cancelled.isCancelled { return false }
                            tr_ycc_to_rgb(
                                light.row(row), blue.row(row), red.row(row), size.width,
                                target + row * size.width * 3)
                        }
                        return true
                    }
                }
            }
        }
        if !isFinished { throw .cancelled }
        return output
    }
}

extension Resampler.Plane {
    init(_ plane: JPEGPlanes.Plane, samples: UnsafeRawBufferPointer) {
        self.init(samples: samples, stride: plane.stride, width: plane.width, height: plane.height)
    }
}
