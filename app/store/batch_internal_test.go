package store

import "testing"

func TestBatchIsBounded(t *testing.T) {
	for _, c := range []struct {
		name string
		size int // of each of 1,000 jobs
		want int
	}{
		{"by jobs", 1, maxBatchJobs},
		{"by bytes", maxBatchBytes / 2, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			jobs := make(chan *job, 1000)
			for range cap(jobs) {
				jobs <- &job{size: c.size}
			}
			if got := len(gather([]*job{<-jobs}, jobs)); got != c.want {
				t.Errorf("gather took %d jobs, want %d", got, c.want)
			}
		})
	}
}
