extension DecodedPicture {
    /// Gives the samples away; the conversion is to be taken before.
    public consuming func takePixels() -> PixelBuffer { pixels }
}
