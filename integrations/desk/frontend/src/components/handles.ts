/** What a component lets its parent do with it. */
export interface ComposerHandle {
  toggleNote: () => void;
  focus: () => void;
  /** Put a text back into the field, before what is there. */
  edit: (again: string) => void;
}

export interface ConversationHandle {
  toggleNote: () => void;
  focusInput: () => void;
}
