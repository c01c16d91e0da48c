import CKernels

/// The memory that tensors' elements take, in bytes.
///
/// Freed blocks are kept for reuse, as the first touch of fresh memory costs more than most operations.
public enum Memory {
  /// In use by tensors now.
  public static var current: Int { Int(kb_memory_current()) }
  /// The largest `current` since start or `resetPeak()`.
  public static var peak: Int { Int(kb_memory_peak()) }
  /// Held from the system: in use, or kept for reuse.
  public static var reserved: Int { Int(kb_memory_reserved()) }
  /// Lets `peak` start from `current`.
  public static func resetPeak() { kb_memory_reset_peak() }
  /// Gives the blocks that are kept for reuse back to the system, and what the C library keeps.
  public static func trim() { kb_memory_trim() }
}
