#include "engine/parameters.h"

#include <set>

#include "core/check.h"

namespace fastdnn {

FlatVector::FlatVector(Dtype dtype, std::vector<Segment> segments)
    : dtype_(dtype), segments_(std::move(segments)) {
  const Index line = kAlignment / size_of(dtype);
  std::set<std::string> names;
  for (Segment& segment : segments_) {
    check(names.insert(segment.name).second, "Parameters", "expected distinct names, got '", segment.name,
          "' twice");
    segment.offset = elements_;
    segment.size = 1;
    for (const Index extent : segment.shape) segment.size = checked_mul(segment.size, extent, "Parameters");
    check(segment.size > 0, "Parameters", "expected sizes >= 1 in the shape of '", segment.name, "'");
    elements_ = round_up(elements_ + segment.size, line);
    checked_mul(elements_, size_of(dtype), "Parameters");
  }
  buffer_ = AlignedBuffer::zeroed(elements_ * size_of(dtype));
}

const Segment& FlatVector::find(const std::string& name) const {
  for (const Segment& segment : segments_) {
    if (segment.name == name) return segment;
  }
  fail("Parameters", "expected the name of a segment, got '", name, "'");
}

}  // namespace fastdnn
