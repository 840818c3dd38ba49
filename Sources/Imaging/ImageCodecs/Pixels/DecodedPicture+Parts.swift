extension DecodedPicture {
    /// Gives up ownership of the samples; read the conversion before.
    public consuming func takePixels() -> PixelBuffer { pixels }

    /// A picture that is already in sRGB.
    public init(_ pixels: consuming PixelBuffer) { self.init(pixels: pixels, conversion: nil) }
}
