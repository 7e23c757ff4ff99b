// MasterWorker
