//! | file | what must hold |
//! |---|---|
//! | [`cases`] | the cases of the legacy platform, by number; what broke it does not happen here |
//! | [`reasons`] | each reason code comes with its cause and goes with it; of several causes the first is told |

mod cases;
mod reasons;
