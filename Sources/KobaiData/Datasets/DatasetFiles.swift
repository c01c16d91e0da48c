import KobaiFormats

/// The files of a data set, and where they come from.
package struct DatasetFiles: Sendable {
  /// Files of which at least one is needed.
  package struct Group: Sendable {
    package enum Choice: Sendable {
      /// The first that is there.
      case first
      /// All that are there; a download must give all.
      case all
    }
    let names: [String]
    let choice: Choice

    package init(_ names: [String], _ choice: Choice) {
      self.names = names
      self.choice = choice
    }
  }

  /// What a download fetches.
  package enum Remote: Sendable {
    case files([RemoteFile])
    /// A `.tar.gz` whose `folder` holds files of those names.
    case archive(RemoteFile, folder: String, names: [String])
  }

  /// The data set's name.
  package let name: String
  /// What its folder may be called.
  let folders: [String]
  /// Where in that folder the files may lie, besides directly: as other programs leave them.
  let layouts: [String]
  let groups: [Group]
  let remote: Remote

  package init(
    name: String, folders: [String], layouts: [String], groups: [Group], remote: Remote
  ) {
    self.name = name
    self.folders = folders
    self.layouts = layouts
    self.groups = groups
    self.remote = remote
  }

  /// The same files, fetched from elsewhere: for tests.
  package func fetched(from remote: Remote) -> DatasetFiles {
    DatasetFiles(name: name, folders: folders, layouts: layouts, groups: groups, remote: remote)
  }

  /// The paths of the files of each group, after a download if one is needed and allowed.
  func find(
    _ places: DataFolders, _ progress: ((DownloadProgress) -> Void)?
  ) throws(DatasetError) -> [[String]] {
    var searched: [String] = []
    if let given = places.given {
      searched = [given] + folders.map { "\(given)/\($0)" }
    } else if let data = places.data {
      searched = folders.map { "\(data)/\($0)" }
    }
    for folder in searched {
      for place in [folder] + layouts.map({ "\(folder)/\($0)" }) {
        if let paths = try paths(in: place) { return paths }
      }
    }
    let names = groups.compactMap(\.names.first).joined(separator: ", ")
    if let given = places.given {
      throw DatasetError(
        .missing, name,
        "there is none of its files in \(given); name the folder that holds \(names) (plain or .gz)"
      )
    }
    guard let folder = places.cache.map({ "\($0)/\(name)" }) else {
      throw DatasetError(
        .missing, name,
        "it is not in \(places.data ?? "a folder that KOBAI_DATA names"), and there is no cache folder "
          + "because neither HOME nor XDG_CACHE_HOME is set; set one of them or KOBAI_DATA")
    }
    if isComplete(folder), let paths = try paths(in: folder) { return paths }
    searched.append(folder)
    guard places.allowsDownload else {
      throw DatasetError(
        .missing, name,
        "its files are not in \(searched.joined(separator: " or ")); put \(names) (plain or .gz) there, "
          + "or allow the download")
    }
    try fetch(into: folder, progress)
    if let paths = try paths(in: folder) { return paths }
    throw DatasetError(.missing, name, "the download left no file of it in \(folder)")
  }

  /// The files of each group in a folder; nil if none of any group is there.
  private func paths(in folder: String) throws(DatasetError) -> [[String]]? {
    let found = groups.map { group in
      let paths = group.names.compactMap { path($0, in: folder) }
      return group.choice == .all ? paths : Array(paths.prefix(1))
    }
    guard let lacking = found.firstIndex(where: \.isEmpty) else { return found }
    guard found.contains(where: { !$0.isEmpty }) else { return nil }
    throw DatasetError(
      .missing, name,
      "\(folder) holds some of its files, but not \(groups[lacking].names.joined(separator: " or ")) "
        + "(plain or .gz); add it")
  }

  /// Whether a folder holds all that a download gives.
  private func isComplete(_ folder: String) -> Bool {
    groups.allSatisfy { group in
      let needed = group.choice == .all ? group.names[...] : group.names.prefix(1)
      return needed.allSatisfy { path($0, in: folder) != nil }
    }
  }

  /// The plain file before the compressed one: it is quicker to read.
  private func path(_ name: String, in folder: String) -> String? {
    ["\(folder)/\(name)", "\(folder)/\(name).gz"].first(where: isFile)
  }

  /// What `body` reads from a file, with errors that name the data set.
  func reading<R>(_ path: String, _ body: (String) throws -> R) throws(DatasetError) -> R {
    do {
      return try body(path)
    } catch let error as FileError {
      throw DatasetError(.missing, name, error.message)
    } catch {
      throw DatasetError(.damaged, name, "\(error)")
    }
  }

  func damaged(_ path: String, _ message: String) -> DatasetError {
    DatasetError(.damaged, name, "\(path) \(message): the file is another one or damaged")
  }
}
