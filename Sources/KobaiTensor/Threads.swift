import CKernels

/// The threads that kernels share their work among.
///
/// Results are the same bits for any number of threads: work is cut by its size alone.
public enum Threads {
  /// How many threads work on one operation, the caller included. The processors this process may use
  /// unless set, or the environment's KOBAI_NUM_THREADS; setting 0 restores that.
  public static var count: Int {
    get { Int(kb_thread_count()) }
    set { kb_set_thread_count(Int32(clamping: newValue)) }
  }
}
