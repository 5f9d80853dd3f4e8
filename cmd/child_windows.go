package cmd

import (
	"os"
	"os/exec"
	"unsafe"

	"golang.org/x/sys/windows"
)

// family is a command with all that it has started: the processes of a job, which end with
// it and, at the latest, with whk. Windows has no signal for a process without a window,
// so that they are not asked but ended. What the command starts before it is in the job,
// in its first moment, is not part of it.
type family struct {
	process *os.Process
	job     windows.Handle // 0 where there is none: then it is the command alone
}

func (f *family) prepare(*exec.Cmd, bool) {}

func (f *family) begin(p *os.Process) {
	f.process = p
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE},
	}
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err == nil {
		var handle windows.Handle
		if handle, err = windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(p.Pid)); err == nil {
			err = windows.AssignProcessToJobObject(job, handle)
			_ = windows.CloseHandle(handle)
		}
	}
	if err != nil {
		_ = windows.CloseHandle(job)
		return
	}
	f.job = job
}

func (f *family) ask(what farewell) {
	switch {
	case what == wait:
	case f.job != 0:
		_ = windows.TerminateJobObject(f.job, 1)
	default:
		_ = f.process.Kill()
	}
}

// alive says no: when the command has ended, end closes the job and with it the others.
func (f *family) alive() bool { return false }

func (f *family) end() {
	if f.job != 0 {
		_ = windows.CloseHandle(f.job)
		f.job = 0
	}
}
