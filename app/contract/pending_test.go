package contract_test

// pending returns the operations that no test has yet, by domain. Who tests one deletes its line.
func pending() map[string]string {
	return map[string]string{
		"ManualInspection": `
listMiDefinitions
getMiDefinition
copyMiDefinition
countMiInstances
createMiDefinition
updateMiDefinition
listMiRelations
listMiRelationConflictsOld
listMiRelationConflicts
createMiRelation
updateMiRelation
deleteMiRelation
listMiSequences
updateMiSequence
deleteMiSequence
getMiDetailsOld
getMiDetails
getMiXaml
putMiXaml
getMiWwfContent
validateMiMiscInfo
putMiStringTest
getMiMedia
uploadMiMedia
deleteMiMedia
`,
	}
}
