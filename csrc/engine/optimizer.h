// An optimiser: its state beside theta, and the update of one step.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/team.h"
#include "engine/gradient_norms.h"
#include "engine/optimizer_config.h"
#include "engine/parameters.h"

namespace fastdnn {

// What the update does to one segment in particular.
struct SegmentOptions {
  double lr_scale = 1;     // of the learning rate, and so of all that is scaled by it
  bool decay = true;       // whether weight_decay applies
  double proximal_l1 = 0;  // after the rule, by the learning rate: see kernels/update.h
  double max_norm = std::numeric_limits<double>::infinity();  // after the update: see kernels/max_norm.h
  int max_norm_axis = 0;                                      // a vector is one column
};

class Optimizer {
 public:
  Optimizer(const OptimizerConfig& config, std::shared_ptr<Parameters> parameters);

  const Parameters& parameters() const { return *parameters_; }
  const std::vector<ScalarColumn>& columns() const { return columns_; }

  const std::vector<std::string>& slot_names() const { return slot_names_; }
  // The state of one segment.
  std::byte* slot(const std::string& name, const Segment& segment) const;
  std::int64_t iterations() const { return iterations_; }
  void set_iterations(std::int64_t t);
  // Of the steps done, by name; 1 before the first.
  const std::vector<std::string>& product_names() const { return product_names_; }
  double product(std::size_t index) const { return products_[index]; }
  void set_product(const std::string& name, double product);

  void set_options(const std::string& segment, const SegmentOptions& options);
  const SegmentOptions& options(const std::string& segment) const;

  // The team's: writes the given segments of theta from the gradient. The caller holds the parameters' lock,
  // and calls count_step after all threads are through: until then the products are of the steps before.
  void update(Team& team, const std::byte* gradient, const std::vector<int>& segments,
              const StepScalars& scalars);
  void count_step(const StepScalars& scalars);

 private:
  static constexpr std::size_t kProducts = 2;  // at most
  using Products = std::array<double, kProducts>;

  std::size_t index_of(const Segment& segment) const;
  Products products_with(const StepScalars& scalars) const;
  template <class T>
  void update_segments(Team& team, const T* gradient, const std::vector<int>& segments,
                       const StepScalars& scalars);
  template <class T>
  void update_range(const T* gradient, Range range, const StepScalars& scalars, const Products& products,
                    const UpdateOptions& options) const;
  template <class T>
  void constrain(Team& team, const std::vector<int>& segments) const;

  OptimizerConfig config_;
  std::shared_ptr<Parameters> parameters_;
  std::vector<ScalarColumn> columns_;
  std::vector<std::string> slot_names_;
  std::vector<StaggeredBuffer> slots_;  // laid out like theta
  std::vector<std::string> product_names_;
  Products products_{1, 1};
  std::vector<SegmentOptions> options_;  // of each segment
  GradientNorms norms_;
  std::int64_t iterations_ = 0;  // steps done
};

}  // namespace fastdnn
