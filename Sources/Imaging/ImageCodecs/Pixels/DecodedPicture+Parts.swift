extension DecodedPicture {
    /// Gives the samples away; the conversion is to be taken before.
    public consuming func takePixels() -> PixelBuffer { pixels }

    /// A picture that is in sRGB already.
    public init(_ pixels: consuming PixelBuffer) { self.init(pixels: pixels, conversion: nil) }
}
