import ImageModel

/// Changes to EXIF that keep every offset valid, including those of maker notes: values are overwritten in place, and
/// only a thumbnail may be moved, to the end.
enum MetadataEdit {
    /// Updates an EXIF block for a picture that was rotated and is now stored upright.
    ///
    /// - Parameter maximumBytes: the most bytes that the block may have, for a thumbnail that grows.
    /// - Returns: `droppedThumbnail`, or nothing.
    static func rotateExif(_ block: inout [UInt8], _ rotation: PixelRotation, maximumBytes: Int) -> TransformEffects {
        let effects = edit(&block, rotation, maximumBytes: maximumBytes)
        // If directories overlap, writing one value may change another. So the orientation is written last.
        if let walk = unsafe ExifReader.read(block.span.bytes), let orientation = walk.orientation,
            walk.orientationValue != .upright
        {
            write(1, to: orientation, in: &block, walk)
        }
        return effects
    }

    private static func edit(_ block: inout [UInt8], _ rotation: PixelRotation, maximumBytes: Int) -> TransformEffects {
        guard let walk = unsafe ExifReader.read(block.span.bytes) else { return [] }
        if let orientation = walk.orientation { write(1, to: orientation, in: &block, walk) }
        if rotation.before != rotation.after {
            for (width, height) in [
                (walk.pixelWidth, walk.pixelHeight), (walk.imageWidth, walk.imageHeight),
                (walk.relatedWidth, walk.relatedHeight),
            ] {
                change(width, height, rotation, in: &block, walk)
            }
        }
        guard let link = walk.nextDirectory, link.value != 0 else { return [] }
        if rotateThumbnail(in: &block, walk, rotation, maximumBytes: maximumBytes) { return [] }
        // Without the link no reader finds the second directory, and no wrong thumbnail.
        write(0, to: link, in: &block, walk)
        if let range = walk.thumbnail, isJPEG(block, range) {
            block.replaceSubrange(range, with: [UInt8](repeating: 0, count: range.count))
        }
        return .droppedThumbnail
    }

    /// Rotates the thumbnail too; false if that is impossible.
    private static func rotateThumbnail(
        in block: inout [UInt8], _ walk: ExifReader, _ rotation: PixelRotation, maximumBytes: Int
    ) -> Bool {
        let bytes = walk.thumbnail.flatMap { isJPEG(block, $0) ? Array(block[$0]) : nil }
        let size = bytes.flatMap { Thumbnail.size($0) }
        let total = rotation.totalForThumbnail(of: size, own: walk.thumbnailOrientationValue)
        if total != .upright {
            guard let bytes, let range = walk.thumbnail, let length = walk.thumbnailLength,
                let offset = walk.thumbnailOffset,
                let rotated = Thumbnail.rotated(
                    bytes, by: total, limits: rotation.limits, cancelled: rotation.cancelled)
            else { return false }
            if rotated.count <= range.count {
                let rest = [UInt8](repeating: 0, count: range.count - rotated.count)
                block.replaceSubrange(range, with: rotated + rest)
            } else if range.upperBound == block.count, range.lowerBound + rotated.count <= maximumBytes {
                block.replaceSubrange(range, with: rotated)
            } else {
                // Values begin at even offsets (TIFF 6.0 section 2).
                let start = block.count + block.count % 2
                guard start + rotated.count <= maximumBytes, offset.width == 4 else { return false }
                block.replaceSubrange(range, with: [UInt8](repeating: 0, count: range.count))
                block += [UInt8](repeating: 0, count: start - block.count) + rotated
                write(start, to: offset, in: &block, walk)
            }
            write(rotated.count, to: length, in: &block, walk)
            if total.swapsAxes { exchange(walk.thumbnailWidth, walk.thumbnailHeight, in: &block, walk) }
        }
        if let orientation = walk.thumbnailOrientation { write(1, to: orientation, in: &block, walk) }
        return true
    }

    private static func isJPEG(_ block: [UInt8], _ range: Range<Int>) -> Bool {
        block[range].starts(with: [0xFF, JPEGSegment.Marker.startOfImage, 0xFF])
    }

    /// Overwrites the old size with the new one. Numbers that are not the old size are only exchanged.
    private static func change(
        _ width: ExifReader.Number?, _ height: ExifReader.Number?, _ rotation: PixelRotation, in block: inout [UInt8],
        _ walk: ExifReader
    ) {
        guard let width, let height else { return }
        if PixelSize(width: width.value, height: height.value) == rotation.before {
            write(rotation.after.width, to: width, in: &block, walk)
            write(rotation.after.height, to: height, in: &block, walk)
        } else if rotation.total.swapsAxes {
            exchange(width, height, in: &block, walk)
        }
    }

    private static func exchange(
        _ first: ExifReader.Number?, _ second: ExifReader.Number?, in block: inout [UInt8], _ walk: ExifReader
    ) {
        guard let first, let second else { return }
        write(second.value, to: first, in: &block, walk)
        write(first.value, to: second, in: &block, walk)
    }

    /// Overwrites a value where the reader found one. A value that does not fit the field is left unchanged.
    private static func write(_ value: Int, to number: ExifReader.Number, in block: inout [UInt8], _ walk: ExifReader) {
        guard value >= 0, value < 1 << (8 * number.width) else { return }
        for index in 0..<number.width {
            let shift = 8 * (walk.isBigEndian ? number.width - 1 - index : index)
            block[number.offset + index] = UInt8(truncatingIfNeeded: value >> shift)
        }
    }
}
