//! Recovery: finds out before it acts. What is wrong is [looked](look) at; what is [missing](lacks) for a repair is told all at
//! once; what fits each service is [judged](diagnosis), its dependencies first; what no repair here fits goes to people, with
//! what was found and the [last choices](choices) with their cost. Nothing is deleted and nothing is restored.

pub mod around;
pub mod choices;
pub mod diagnosis;
pub mod disk;
pub mod graph;
pub mod heir;
pub mod lacks;
pub mod look;
pub mod order;
