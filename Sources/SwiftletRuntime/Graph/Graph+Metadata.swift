import SwiftletFiles

extension Graph {
  /// What a program needs to know to use the network: a section for each task that its outputs do, one for its images.
  public struct Metadata: Hashable, Sendable {
    public var classification: Classification?
    public var detection: Detection?
    public var segmentation: Segmentation?
    public var language: Language?
    public var emotion: Emotion?
    /// How an image becomes the network's input.
    public var preprocessing: Preprocessing?
    /// Free text by topic, such as the accuracy that was measured.
    public var notes: [String: String]

    public init(
      classification: Classification? = nil, detection: Detection? = nil, segmentation: Segmentation? = nil,
      language: Language? = nil, emotion: Emotion? = nil, preprocessing: Preprocessing? = nil,
      notes: [String: String] = [:]
    ) {
      (self.classification, self.detection, self.segmentation) = (classification, detection, segmentation)
      (self.language, self.emotion) = (language, emotion)
      (self.preprocessing, self.notes) = (preprocessing, notes)
    }

    /// What a classifier of images says of itself; without names of classes it has no section for them.
    public init(classNames: [String], preprocessing: Preprocessing? = nil, notes: [String: String] = [:]) {
      self.init(preprocessing: preprocessing, notes: notes)
      self.classNames = classNames
    }

    /// The names of the classes that the first output scores; empty where nobody says.
    public var classNames: [String] {
      get { classification?.classes ?? [] }
      set { classification = newValue.isEmpty ? nil : Classification(classes: newValue) }
    }

    /// All that is there, by key.
    var sections: [(name: String, section: any MetadataSection)] {
      let all: [(CodingKeys, (any MetadataSection)?)] = [
        (.classification, classification), (.detection, detection), (.segmentation, segmentation),
        (.language, language), (.emotion, emotion), (.preprocessing, preprocessing),
      ]
      return all.compactMap { key, section in section.map { (key.rawValue, $0) } }
    }
  }
}

extension Graph.Metadata: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case classification, detection, segmentation, language, emotion, preprocessing, notes
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
    classification = try container.decodeIfPresent(Graph.Classification.self, forKey: .classification)
    detection = try container.decodeIfPresent(Graph.Detection.self, forKey: .detection)
    segmentation = try container.decodeIfPresent(Graph.Segmentation.self, forKey: .segmentation)
    language = try container.decodeIfPresent(Graph.Language.self, forKey: .language)
    emotion = try container.decodeIfPresent(Graph.Emotion.self, forKey: .emotion)
    preprocessing = try container.decodeIfPresent(Graph.Preprocessing.self, forKey: .preprocessing)
    notes = try container.decode([String: String].self, forKey: .notes)
  }

  /// The metadata of a graph of version 1, which knew classes alone.
  struct First: Decodable {
    let metadata: Graph.Metadata

    private enum CodingKeys: String, CodingKey, CaseIterable { case classNames, preprocessing, notes }

    init(from decoder: any Decoder) throws {
      let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
      metadata = Graph.Metadata(
        classNames: try container.decode([String].self, forKey: .classNames),
        preprocessing: try container.decodeIfPresent(Graph.Preprocessing.self, forKey: .preprocessing),
        notes: try container.decode([String: String].self, forKey: .notes))
    }
  }
}
