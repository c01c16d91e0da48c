/// A data set that could not be found, downloaded or read.
///
///     do { _ = try MNIST.load(from: "elsewhere") } catch { print(error) }
///     // mnist: there is none of its files in elsewhere; …
public struct DatasetError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What went wrong.
  public enum Kind: Sendable, Hashable {
    /// No data set has that name.
    case unknownName
    /// Files are not where they were looked for, or cannot be opened.
    case missing
    /// A file is not what its name says: cut short, another format, not as many labels as images.
    case damaged
    /// Files could not be fetched from the network or stored in the cache folder.
    case download
    /// The surrounding task was cancelled during a download, or the program asked to end.
    case cancelled
  }

  /// What went wrong, to be told apart by programs.
  public let kind: Kind
  /// The data set's name.
  public let dataset: String
  /// One sentence: what was found, what must hold, what to do.
  public let message: String

  /// - Parameters:
  ///   - kind: what went wrong.
  ///   - dataset: the data set's name.
  ///   - message: one sentence: what was found, what must hold, what to do.
  public init(_ kind: Kind, _ dataset: String, _ message: String) {
    self.kind = kind
    self.dataset = dataset
    self.message = message
  }

  public var description: String { "\(dataset): \(message)" }
}
