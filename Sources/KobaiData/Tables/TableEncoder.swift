/// How the columns of a table become numbers, found on one table (the training part) and applied to others.
///
///     let parts = try table.randomSplit([0.8, 0.2], stratifiedBy: "Survived")
///     let encoder = try TableEncoder(
///       fitting: parts[0], target: "Survived", features: ["Pclass", "Sex", "Age", "Fare"])
///     encoder.featureNames                  // ["Pclass", "Sex=female", "Sex=male", "Age", "Fare"]
///     encoder.classes                       // Optional(["0", "1"])
///     let train = try encoder.dataset(of: parts[0])   // TensorDataset<(Tensor, Tensor)>
///     let test = try encoder.dataset(of: parts[1])    // with the means, categories … of parts[0]
///
/// - Columns of numbers have their missing values filled in and are standardised; `bool` columns are 0
///   and 1.
/// - Columns of text, and others named in `Options.categorical`, become one column of 0 and 1 for each
///   category (or its number), categories in the order of `Table.Column`'s values.
/// - The target becomes class numbers (int64, shape [rows]) or numbers (float32, shape [rows, 1]).
///
/// Everything found is part of the value, which is `Codable`: saved beside a model, it encodes the data to
/// predict for in the same way.
public struct TableEncoder: Codable, Hashable, Sendable {
  /// What was chosen.
  public let options: Options
  /// The columns that are encoded, in order.
  public let features: [Feature]
  /// The column to predict; nil if there is none.
  public let target: Target?

  /// What may be chosen.
  public struct Options: Codable, Hashable, Sendable {
    /// How columns of numbers are scaled.
    public var scaling: Scaling = .standard
    /// What stands for a missing number.
    public var missingNumbers: NumberImputation = .median
    /// How categories become numbers.
    public var categories: CategoryCode = .oneHot
    /// What stands for a missing category.
    public var missingCategories: CategoryImputation = .mostFrequent
    /// What happens to a category that was not in the table of the fit.
    public var unseen: UnseenCategory = .error
    /// Columns of numbers that are categories: class numbers, postal codes.
    public var categorical: Set<String> = []
    /// A text column with more categories than this is refused: it is a name, or free text.
    public var maxCategories = 100
    /// What the target is; nil: classes for text, `bool`, and `int` with up to 20 different values, else a
    /// number.
    public var task: Task?
    /// Whether a target that is a number is standardised; `numbers(of:)` undoes it.
    public var scalesTarget = false

    /// The usual choices.
    public init() {}
  }

  /// How a column of numbers is scaled.
  public enum Scaling: String, Codable, Hashable, Sendable {
    /// Mean 0 and standard deviation (with n) 1; a constant column becomes 0.
    case standard
    /// From 0 to 1; a constant column becomes 0.
    case minMax
    /// As they are.
    case none
  }

  /// What stands for a missing number: a statistic of the table of the fit, or a constant.
  public enum NumberImputation: Codable, Hashable, Sendable {
    /// Of the values that are there; of several that are equally frequent, the first: numbers by value, text by its characters.
    case mean, median, mostFrequent
    /// This number.
    case constant(Double)
    /// A missing value is an error.
    case error
  }

  /// What stands for a missing category.
  public enum CategoryImputation: Codable, Hashable, Sendable {
    /// Of several that are equally frequent, the first: numbers by value, text by its characters.
    case mostFrequent
    /// A category of its own, with this name.
    case constant(String)
    /// A missing value is an error.
    case error
  }

  /// How categories become numbers.
  public enum CategoryCode: String, Codable, Hashable, Sendable {
    /// One column of 0 and 1 for each category.
    case oneHot
    /// One column with the category's number, from 0.
    case ordinal
  }

  /// What happens to a category that was not in the table of the fit.
  public enum UnseenCategory: String, Codable, Hashable, Sendable {
    /// Encoding throws a `TableError`.
    case error
    /// All zeros, or −1 as a number.
    case ignore
  }

  /// What a target is.
  public enum Task: String, Codable, Hashable, Sendable {
    /// A class for each row, by its number; or a number for each row.
    case classification, regression
  }

  /// One encoded column.
  public struct Feature: Codable, Hashable, Sendable {
    /// The column's name in the table.
    public let name: String
    /// What the column held in the table of the fit.
    public let type: Table.ColumnType
    /// How its values become numbers.
    public let encoding: Encoding

    /// How the values become numbers.
    public enum Encoding: Codable, Hashable, Sendable {
      /// (value − offset) / scale, `fill` where it is missing (nil: an error).
      case number(fill: Double?, offset: Double, scale: Double)
      /// The place in `categories`, `fill` where it is missing (nil: an error).
      case category(categories: [String], fill: String?, code: CategoryCode)
    }
  }

  /// The column to predict.
  public struct Target: Codable, Hashable, Sendable {
    /// The column's name in the table.
    public let name: String
    /// How its values become numbers.
    public let encoding: Encoding

    /// How the values become numbers.
    public enum Encoding: Codable, Hashable, Sendable {
      /// The place among the classes.
      case classes([String])
      /// (value − offset) / scale.
      case number(offset: Double, scale: Double)
    }
  }

  /// The names of the encoded columns: a table's own name, or, for one category of several,
  /// `Sex=female`.
  public var featureNames: [String] {
    features.flatMap { feature -> [String] in
      guard case .category(let categories, _, .oneHot) = feature.encoding else {
        return [feature.name]
      }
      return categories.map { "\(feature.name)=\($0)" }
    }
  }

  /// The number of encoded columns: the inputs of a network.
  public var featureCount: Int { features.reduce(0) { $0 + $1.encoding.width } }

  /// The names of the classes in the order of their numbers; nil if the target is a number, or there is
  /// none.
  public var classes: [String]? {
    guard case .classes(let classes)? = target?.encoding else { return nil }
    return classes
  }
}

extension TableEncoder.Feature.Encoding {
  /// The number of encoded columns.
  var width: Int {
    guard case .category(let categories, _, .oneHot) = self else { return 1 }
    return categories.count
  }
}
