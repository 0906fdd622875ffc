// Whether other programs take the cores that a team needs. Its threads then wait for one another, a time slice
// of the system's at nearly every barrier, and one thread alone does the same work many times faster.
#pragma once

#include <chrono>

namespace fastdnn {

using Nanoseconds = std::chrono::nanoseconds;

// How a region went: its threads, how long it took, and how long they waited at barriers, all together, beyond
// the first microseconds, which are usual.
struct TeamRun {
  int threads = 1;
  Nanoseconds elapsed{0};
  Nanoseconds waited{0};
};

// Whether all threads but one waited most of the time, and for so long that it matters: with fewer of them
// nothing is lost, whatever the reason.
bool waits_mostly(const TeamRun& run);

// What default counts are limited to for now: INT_MAX, or half of the threads that were last seen to wait
// mostly. The limit ends after a tenth of a second; where the next try finds the same, after twice as long,
// and so on up to some seconds.
int uncrowded_threads();

// Ends the limit, and forgets what was told.
void forget_crowd();

// Tells of a region of a default count. Short ones count together.
void note_team(const TeamRun& run);

}  // namespace fastdnn
