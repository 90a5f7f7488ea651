package report

// Types of the steps that the builder makes.
const (
	typeSequence       = "SequenceCall"
	typeNumeric        = "ET_NLT"
	typeMultiNumeric   = "ET_MNLT"
	typeString         = "ET_SVT"
	typeMultiString    = "ET_MSVT"
	typePassFail       = "ET_PFT"
	typeMultiPassFail  = "ET_MPFT"
	typeAction         = "Action"
	typeChart          = "WATS_XYGMNLT"
	typeAttachment     = "WATS_AttachFile"
	typeMessagePopup   = "MessagePopup"
	typeCallExecutable = "CallExecutable"
)

// Types of TestStand for [StepBuilder.Generic]. Others are allowed.
const (
	TypeStatement = "Statement"
	TypeLabel     = "Label"
	TypeGoto      = "Goto"

	TypeFlowIf       = "NI_Flow_If"
	TypeFlowElseIf   = "NI_Flow_ElseIf"
	TypeFlowElse     = "NI_Flow_Else"
	TypeFlowEnd      = "NI_Flow_End"
	TypeFlowFor      = "NI_Flow_For"
	TypeFlowForEach  = "NI_Flow_ForEach"
	TypeFlowBreak    = "NI_Flow_Break"
	TypeFlowContinue = "NI_Flow_Continue"
	TypeFlowDoWhile  = "NI_Flow_DoWhile"
	TypeFlowWhile    = "NI_Flow_While"
	TypeFlowSelect   = "NI_Flow_Select"
	TypeFlowCase     = "NI_Flow_Case"
	TypeDoWhile      = "DoWhile"

	TypeWait           = "NI_Wait"
	TypeLock           = "NI_Lock"
	TypeRendezvous     = "NI_Rendezvous"
	TypeQueue          = "NI_Queue"
	TypeNotification   = "NI_Notification"
	TypeBatchSync      = "NI_Batch_Sync"
	TypeAutoSchedule   = "NI_AutoSchedule"
	TypeUseResource    = "NI_UseResource"
	TypeThreadPriority = "NI_ThreadPriority"
	TypeSemaphore      = "NI_Semaphore"
	TypeBatchSpec      = "NI_BatchSpec"

	TypeOpenDatabase      = "NI_OpenDatabase"
	TypeOpenSQLStatement  = "NI_OpenSQLStatement"
	TypeCloseSQLStatement = "NI_CloseSQLStatement"
	TypeCloseDatabase     = "NI_CloseDatabase"
	TypeDataOperation     = "NI_DataOperation"

	TypeIVIDmm         = "NI_IVIDmm"
	TypeIVIScope       = "NI_IVIScope"
	TypeIVIFgen        = "NI_IVIFgen"
	TypeIVIPowerSupply = "NI_IVIPowerSupply"
	TypeIVITools       = "NI_IVITools"
	TypeSwitch         = "NI_Switch"

	TypeFTPFiles              = "NI_FTPFiles"
	TypeLVCheckSystemStatus   = "NI_LV_CheckSystemStatus"
	TypeLVRunVIAsynchronously = "NI_LV_RunVIAsynchronously"
)
