// The flat vectors of a model: theta (trained) and sigma (stored, not trained),
// each with its table of segments.
#pragma once

#include <string>
#include <vector>

#include "core/aligned.h"
#include "core/fair_mutex.h"

namespace fastdnn {

struct Segment {
  std::string name;
  std::vector<Index> shape;
  Index offset = 0;  // elements
  Index size = 0;    // elements
};

// Segments one after the other, each starting on a cache line; the gaps stay zero and belong to no segment.
class FlatVector {
 public:
  FlatVector(Dtype dtype, std::vector<Segment> segments);  // sets offsets and sizes from the shapes

  const std::vector<Segment>& segments() const { return segments_; }
  Index elements() const { return elements_; }  // with the gaps
  std::byte* data() const { return buffer_.data(); }
  std::byte* at(const Segment& segment) const { return data() + segment.offset * size_of(dtype_); }
  const Segment& find(const std::string& name) const;

 private:
  Dtype dtype_;
  std::vector<Segment> segments_;
  Index elements_ = 0;
  AlignedBuffer buffer_;
};

struct Parameters {
  Parameters(Dtype type, std::vector<Segment> trained, std::vector<Segment> stored)
      : dtype(type), theta(type, std::move(trained)), sigma(type, std::move(stored)) {}

  const Dtype dtype;
  FlatVector theta;
  FlatVector sigma;
  // Held shared while a prediction runs, exclusively while a step is written:
  // a prediction during a fit sees the last whole step.
  FairMutex mutex;
};

}  // namespace fastdnn
