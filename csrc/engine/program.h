// The mathematics of a model: unfused operations on typed values, with a symbolic number of rows. Made by
// Python's lowering (fastdnn/program.py), never saved; a plan (plan.h) decides how it runs.
#pragma once

#include <string>
#include <vector>

#include "core/view.h"
#include "engine/operation.h"

namespace fastdnn {

// Where the elements of a value live.
enum class Role : std::uint8_t {
  source,     // fed from outside: inputs, targets, sample weights; `slot` is the source's index
  parameter,  // a segment of theta; `slot` is the segment's index
  gradient,   // the same segment of the gradient
  state,      // a segment of sigma
  computed,   // an operation's output
};

struct Value {
  std::string name;
  Role role = Role::computed;
  bool integer = false;  // int32 labels; everything else has the model's type
  Index rows = 0;        // 0: one row for each row of the batch
  Index cols = 0;
  int slot = -1;
  bool sparse = false;  // a source that is fed by its entries
};

// y, ... = operation(x, ...): see operation.h.
struct Op {
  const Operation* operation = nullptr;
  std::vector<int> inputs;  // -1, or missing at the end: left out
  std::vector<int> outputs;
  bool accumulate = false;  // add to the outputs instead of writing them
  Options options{};
  int call = -1;  // which one the run's handler makes, for an operation that calls
};

// A figure of a step: the weighted sum over rows of a value of one column; or, of a number of the step itself
// (Operation::is_figure), that number times the rows.
struct Result {
  std::string name;
  int value = -1;
  int weights = -1;  // a source of one column, or -1
  bool loss = false;
};

// What a sampled step tells of a value with a row for each example: its figures (kernels/activity.h), or, of a
// gradient, its norm alone.
struct Watch {
  int value = -1;
  bool norm_only = false;
  double low = 0;  // outside of these an element is counted
  double high = 0;
};

class Program {
 public:
  // Each checks what it is given and returns the new index.
  int add_value(Value value);
  int add_op(Op op);
  int add_result(Result result);
  int add_output(int value);
  void add_watch(Watch watch);

  const std::vector<Value>& values() const { return values_; }
  const std::vector<Op>& ops() const { return ops_; }
  const std::vector<Result>& results() const { return results_; }
  // What a run writes for the caller, a row for each example: predictions, values looked at, gradients.
  const std::vector<int>& outputs() const { return outputs_; }
  const std::vector<Watch>& watches() const { return watches_; }
  int output_slot(int value) const;  // its place among the outputs, or -1
  const Value& value(int index) const { return values_[static_cast<std::size_t>(index)]; }

 private:
  void check_value(int index, const char* what) const;
  void check_count(const Op& op) const;
  void check_input(const Op& op, int index) const;
  void check_shapes(const Op& op) const;
  void check_call(const Op& op) const;
  void check_output(const Op& op, int index) const;

  std::vector<Value> values_;
  std::vector<Op> ops_;
  std::vector<bool> written_;
  std::vector<bool> figures_;  // values that are numbers of a step
  std::vector<Result> results_;
  std::vector<int> outputs_;
  std::vector<Watch> watches_;
};

}  // namespace fastdnn
