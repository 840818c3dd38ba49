import CImageCodecs
import ImageModel

/// Decodes animated WebP with libwebpdemux, which composes the frames.
enum WebPAnimationDecoder {
    static func play(
        _ file: RawSpan, maximumFrames: Int?, limits: CodecLimits, cancelled: CancelFlag,
        begin: (AnimationInfo) throws(CodecError) -> Void,
        body: (consuming PixelBuffer, AnimationFrame) throws(CodecError) -> Void
    ) throws(CodecError) {
        let header = try WebPHeader.read(file, limits: limits)
        let stated = header.chunks.count { $0.name == WebPChunk.frame }
        let wanted = min(stated, maximumFrames ?? stated)
        try limits.check(frames: wanted, of: header.info.size)
        let conversion = try header.profile.map { ColorSource.profile($0) }?.conversion(of: .TT_COLOR_RGBA)
        try unsafe file.withCBytes { (pointer, count) throws(CodecError) in
            var found = tt_animation_info()
            var opened: OpaquePointer?
            try unsafe check(
                tt_webp_player_open(pointer, count, UInt64(limits.maximumPixels), &found, &opened), format: "WebP")
            guard let player = unsafe opened else { throw .internalError("a player without an error") }
            defer { unsafe tt_webp_player_close(player) }
            let size = PixelSize(width: Int(found.width), height: Int(found.height))
            guard size == header.info.size, found.frames == stated else {
                throw .damaged("its WebP frames contradict the header")
            }
            try begin(AnimationInfo(size: size, frames: wanted, loops: Int(found.loops)))
            var before: UInt32 = 0
            for index in 0..<wanted {
                if cancelled.isCancelled { throw .cancelled }
                var picture = try PixelBuffer(width: size.width, height: size.height, layout: .rgba8)
                var end: UInt32 = 0
                let status = unsafe picture.withUnsafeMutableBytes { bytes in
                    guard let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
                        return tt_status.TT_INTERNAL_ERROR
                    }
                    return unsafe tt_webp_player_next(player, base, &end)
                }
                try check(status, format: "WebP")
                if let conversion { try conversion.apply(to: &picture, cancelled: cancelled) }
                let shown = end >= before ? Int(end - before) : 0
                before = end
                try body(picture, AnimationFrame(index: index, milliseconds: shown))
            }
        }
    }
}
